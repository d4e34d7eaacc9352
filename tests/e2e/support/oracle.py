"""The truth: recomputes from raw readings and the log what the store must hold."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Iterable

import requests
from bson.codec_options import CodecOptions, DatetimeConversion
from confluent_kafka import KafkaException
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from . import alert_reference, metrics_text
from .log import ALERTS, RAW, Log, Record
from .stack import Stack
from .wait import wait_until

# Dates as milliseconds: a datetime would round-trip through its own calendar.
CODEC: CodecOptions = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)
WINDOW_MS = 60_000
ROLLUPS = {"aggregated_1h": 3_600_000, "aggregated_1d": 86_400_000}
ALERTS_DEADLINE_S = 10.0
NOT_SENSORS = {
    *("_id", "device_id", "ts", "lat", "lon", "online", "seq", "received_at", "key", "origin")
}
AGGREGATOR_GROUP = "aggregator_worker"
ALERTER_GROUP = "alerts_worker"


class Oracle:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client: MongoClient = MongoClient(stack.mongo, serverSelectionTimeoutMS=3000)
        self.db = self.client.get_database("iotdb", codec_options=CODEC)
        self.log = Log(stack.kafka)

    def close(self) -> None:
        self.log.close()
        self.client.close()

    # --- the store -------------------------------------------------------------------------

    def raw(self, prefix: str) -> dict[str, dict]:
        """The raw documents by id, of the devices whose names begin so."""
        found = self.db.telemetry_raw.find(_of(prefix))
        return {str(document["_id"]): document for document in found}

    def raw_when_aggregated(self, prefix: str) -> dict[str, dict]:
        self.wait_aggregated()
        return self.raw(prefix)

    def windows(self, prefix: str) -> list[dict]:
        return list(self.db.aggregated_data.find(_of(prefix)))

    def alerts(self, prefix: str) -> dict[str, dict]:
        return {str(document["_id"]): document for document in self.db.alerts.find(_of(prefix))}

    def ledger(self) -> dict[int, dict]:
        rows = self.db.ledger.find({})
        return {int(str(row["_id"]).rpartition("/")[2]): row for row in rows}

    # --- quiescence ------------------------------------------------------------------------

    def wait_aggregated(self, deadline_s: float = 60) -> None:
        """Until the ledger covers everything that the log holds now."""
        self._wait_covered(self._covered_by_ledger, deadline_s, "the ledger")

    def wait_alerted(self, deadline_s: float = 60) -> None:
        """Until the alerter has committed everything that the log holds now."""
        self._wait_covered(self._committed_by_alerter, deadline_s, "the alerter")

    def _wait_covered(self, position, deadline_s: float, who: str) -> None:
        ends = {p: end for p, end in self.log.ends().items() if end > 0}

        def behind() -> dict[int, str]:
            at = position()
            return {p: f"{at.get(p, 0)}/{end}" for p, end in ends.items() if at.get(p, 0) < end}

        wait_until(
            lambda: not behind(), deadline_s, lambda: f"{who} at the ends: {behind()}", 0.1
        )

    def _covered_by_ledger(self) -> dict[int, int]:
        return {p: row["next_offset"] for p, row in self.ledger().items()}

    def _committed_by_alerter(self) -> dict[int, int]:
        return self.log.committed(ALERTER_GROUP)

    def wait_rolled_up(self, deadline_s: float = 60) -> None:
        """Until a look for changed windows has ended that began after everything was in its window,
        and then one for changed hours that began after that: one pass does both, the hours first."""
        self.wait_aggregated()
        for level in ("hours", "days"):
            self._wait_looked(level, deadline_s)

    def _wait_looked(self, level: str, deadline_s: float) -> None:
        now = int(self.client.admin.command("hello", codec_options=CODEC)["localTime"])

        def ahead_ms() -> int | None:
            row = self.db.rollup_state.find_one({"_id": level})
            return None if row is None else int(row["through"]) - now

        def told() -> str:
            return f"{level} are rolled up ahead of now (ms): {ahead_ms()}"

        wait_until(lambda: (ahead_ms() or 0) > 0, deadline_s, told, 0.1)

    # --- invariants ------------------------------------------------------------------------

    def check(self) -> None:
        """Everything that was ever sent in this session: windows, ledger, commits."""
        self.wait_aggregated()
        self.check_windows()
        self.check_conservation()

    def check_windows(self) -> None:
        """Every window of every sensor equals the one recomputed from the raw readings."""
        wanted = recompute_windows(self.db.telemetry_raw.find({}))
        stored = {}
        for row in self.db.aggregated_data.find({}):
            key = (row["device_id"], row["sensor_type"], int(row["timestamp"]))
            assert key not in stored, f"two documents of window {key}"
            stored[key] = row
        assert not (missing := wanted.keys() - stored.keys()), f"missing: {sorted(missing)[:5]}"
        assert not (extra := stored.keys() - wanted.keys()), f"of no reading: {sorted(extra)[:5]}"
        for key, want in wanted.items():
            _assert_window(key, want, stored[key])

    def check_rollups(self, prefix: str = "") -> None:
        """Every hour and every day equals the one recomputed from the raw readings."""
        self.wait_rolled_up()
        documents = list(self.db.telemetry_raw.find(_of(prefix)))
        for collection, length_ms in ROLLUPS.items():
            wanted = recompute_windows(documents, length_ms)
            rows = self.db[collection].find(_of(prefix))
            stored = {(r["device_id"], r["sensor_type"], int(r["timestamp"])): r for r in rows}
            assert wanted.keys() == stored.keys(), collection
            for key, want in wanted.items():
                _assert_window(key, want, stored[key])

    def check_conservation(self) -> None:
        """Every offset of the log is accounted for, partition by partition."""
        stored = defaultdict(int)
        for row in self.db.telemetry_raw.aggregate(
            [{"$group": {"_id": "$origin.p", "n": {"$sum": 1}}}]
        ):
            stored[row["_id"]] = row["n"]
        for purge in self.db.purges.find({}):  # readings that an operator has removed
            for name, removed in purge["origins"].items():
                stored[int(name[1:])] += removed
        committed, ledger = self.log.committed(AGGREGATOR_GROUP), self.ledger()
        for p, end in self.log.ends().items():
            if end == 0 and p not in ledger:
                continue
            row = ledger[p]
            accounted = row["stored"] + row["duplicate"] + row["dead"] + row["gap"]
            assert row["next_offset"] - row["first"] == accounted, row
            assert row["next_offset"] == end, f"log ends at {end}: {row}"
            assert row["stored"] == stored[p], f"{stored[p]} raw documents: {row}"
            assert committed.get(p, 0) <= row["next_offset"], f"committed {committed[p]}: {row}"
        assert unaccounted(self.stack.url("aggregator")) == 0

    def check_alerts(self, prefix: str, since: dict[str, dict[int, int]]) -> dict:
        """The episodes and events of these devices equal the reference run over the log."""
        self.wait_alerted()
        wanted = alert_reference.episodes(self.log.read(RAW, since[RAW]), prefix)

        def stored_as_wanted() -> bool:
            return self.alerts(prefix).keys() == wanted.keys()

        wait_until(
            stored_as_wanted,
            ALERTS_DEADLINE_S,
            lambda: f"stored {sorted(self.alerts(prefix))}, wanted {sorted(wanted)}",
        )
        stored = self.alerts(prefix)
        for key, episode in wanted.items():
            _assert_episode(episode, stored[key])
        events = [r for r in self.log.read(ALERTS, since[ALERTS]) if _event_device(r, prefix)]
        _assert_events(wanted, events)
        return wanted

    def marks(self) -> dict[str, dict[int, int]]:
        return {topic: self.log.ends(topic) for topic in (RAW, ALERTS)}


def _of(prefix: str) -> dict:
    return {"device_id": {"$gte": prefix, "$lt": prefix + "\uffff"}}


def sensors_of(document: dict) -> dict[str, float]:
    """A sensor that bears the name of a field of the document is stored as "sensor-NAME"."""
    return {
        name.removeprefix("sensor-"): value
        for name, value in document.items()
        if name not in NOT_SENSORS
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
    }


def recompute_windows(
    documents: Iterable[dict], length_ms: int = WINDOW_MS
) -> dict[tuple[str, str, int], list]:
    """(device, sensor, start) to the samples [(ts, value)] of that window."""
    windows: dict[tuple[str, str, int], list] = defaultdict(list)
    for document in documents:
        ts = int(document["ts"])
        start = ts - ts % length_ms
        for sensor, value in sensors_of(document).items():
            windows[document["device_id"], sensor, start].append((ts, float(value)))
    return windows


def _assert_window(key: tuple, samples: list[tuple[int, float]], row: dict) -> None:
    values = [value for _, value in samples]
    total = math.fsum(values)
    first_ts, last_ts = min(ts for ts, _ in samples), max(ts for ts, _ in samples)
    want = {
        "count": len(values),
        "sum": total,
        "min": min(values),
        "max": max(values),
        # Of several at the same time: the smaller is first, the larger last.
        "first": min(value for ts, value in samples if ts == first_ts),
        "last": max(value for ts, value in samples if ts == last_ts),
    }
    have = {name: row[name] for name in want}
    assert have == want, f"window {key}"
    average = total / len(values)
    assert math.isclose(row["average"], average, rel_tol=1e-15, abs_tol=5e-324), f"{key}: {row}"
    mean_square = math.fsum((value - average) ** 2 for value in values) / len(values)
    scale = max(1e-9, 1e-9 * max(abs(value) for value in values))
    assert math.isclose(row["stddev"], math.sqrt(mean_square), rel_tol=1e-6, abs_tol=scale), row
    assert row["rev"] >= 1 and isinstance(row["final"], bool), row


def _assert_episode(want: alert_reference.Episode, row: dict) -> None:
    expected = {
        "device_id": want.device,
        "rule_id": want.rule.id,
        "alert_type": want.rule.id,
        "sensor_type": want.rule.sensor,
        "severity": want.severity,
        "value": want.value,
        "last_value": want.last_value,
        "peak": want.peak,
        "count": want.count,
        "timestamp": want.start_ms,
        "message": want.rule.message(want.value),
        "status": "active" if want.resolved_ms is None else "resolved",
    }
    have = {name: row.get(name) for name in expected} | {"timestamp": int(row["timestamp"])}
    assert have == expected
    resolved = row.get("resolved_at")
    assert (None if resolved is None else int(resolved)) == want.resolved_ms, row


def _event_device(record: Record, prefix: str) -> bool:
    return record.json["device_id"].startswith(prefix)


def _assert_events(wanted: dict[str, alert_reference.Episode], records: list[Record]) -> None:
    """Each transition at least once, in its order; repeats are byte for byte the same."""
    payloads: dict[tuple, bytes | None] = {}
    told: dict[str, list[tuple]] = defaultdict(list)
    for record in records:
        event = record.json
        assert record.key == event["device_id"].encode()
        key = (event["alert_id"], event["revision"], event["event"])
        if key in payloads:
            assert payloads[key] == record.value, f"{key} was told with other contents"
            continue
        payloads[key] = record.value
        told[event["alert_id"]].append((event["revision"], event["event"], event["value"]))
        _assert_event(wanted.get(event["alert_id"]), event)
    for alert_id, episode in wanted.items():
        have = [(name, value) for _, name, value in sorted(told[alert_id])]
        assert have == [(name, value) for name, _, value in episode.events], alert_id


def _assert_event(episode: alert_reference.Episode | None, event: dict) -> None:
    assert episode, f"an event of no episode: {event}"
    assert event["device_id"] == episode.device
    assert event["rule_id"] == event["alert_type"] == episode.rule.id
    assert event["sensor_type"] == episode.rule.sensor
    assert event["severity"] in ("warning", "critical")
    assert event["message"] and event["timestamp"]


def unaccounted(aggregator_url: str) -> float:
    text = requests.get(f"{aggregator_url}/metrics", timeout=5).text
    samples = metrics_text.parse(text)
    values = [s.value for s in samples if s.name == "weir_unaccounted_readings"]
    assert values, "weir_unaccounted_readings is missing"
    return sum(abs(value) for value in values)


class PositionMonitor:
    """While load and faults go on: no commit is ever ahead of the ledger, nothing unaccounted."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.problems: list[str] = []
        self.samples = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="position-monitor")

    def __enter__(self) -> PositionMonitor:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if kind is None:
            assert not self.problems, self.problems[:3]
            assert self.samples > 0, "the monitor never saw anything"

    def _run(self) -> None:
        oracle = Oracle(self.stack)
        try:
            while not self._stop.wait(0.25):
                self._sample(oracle)
        finally:
            oracle.close()

    def _sample(self, oracle: Oracle) -> None:
        try:
            committed = oracle.log.committed(AGGREGATOR_GROUP)  # before the ledger, on purpose
            ledger = oracle.ledger()
            lost = unaccounted(self.stack.url("aggregator"))
        except (KafkaException, PyMongoError, requests.RequestException):
            return  # whatever is down at the moment
        self.samples += 1
        if lost:
            self.problems.append(f"weir_unaccounted_readings {lost}")
        for p, offset in committed.items():
            if offset > ledger.get(p, {"next_offset": 0})["next_offset"]:
                self.problems.append(f"partition {p}: committed {offset}, {ledger.get(p)}")


