"""Hours and days: right after one look, however late a reading comes and whoever is killed."""

from __future__ import annotations

import random

import requests

from support import metrics_text
from support.daemon import Daemon
from support.load import Load
from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import Stack
from support.wait import wait_until
from test_crash import wait_progress

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
GROUP = "aggregator_worker"


def send(stack: Stack, readings: list[dict]) -> None:
    answer = requests.post(f"{stack.ingest}/api/v1/readings", json=readings, timeout=10)
    assert answer.status_code == 202, answer.text


def hours(oracle: Oracle, device: str) -> dict[tuple[str, int], tuple[int, int]]:
    """Revision and count of the hours of a device."""
    rows = oracle.db.aggregated_1h.find({"device_id": device})
    return {(r["sensor_type"], int(r["timestamp"])): (r["rev"], r["count"]) for r in rows}


def wait_final(oracle: Oracle, device: str) -> None:
    """Until nothing is to come: windows, hours and days are marked so, each after the one below."""
    open_days = {"device_id": device, "final": False}
    wait_until(lambda: not oracle.db.aggregated_1d.find_one(open_days), 40, "days are final")


def test_a_reading_a_week_late_corrects_its_hour_and_its_day(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    rng = random.Random(7)
    last_week = (now_ms() - 7 * DAY_MS) // DAY_MS * DAY_MS
    times = [last_week + rng.randrange(DAY_MS) for _ in range(200)]
    send(stack, [reading(device, ts, rng.uniform(-9, 49)) for ts in times])
    oracle.check_rollups(device)
    wait_final(oracle, device)
    before = hours(oracle, device)
    late = last_week + 13 * HOUR_MS + 1
    send(stack, [reading(device, late, 65.5)])
    oracle.check_rollups(device)
    after = hours(oracle, device)
    hour = last_week + 13 * HOUR_MS
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {("temperature_c", hour), ("humidity", hour)}
    (day,) = oracle.db.aggregated_1d.find({"device_id": device, "sensor_type": "temperature_c"})
    assert (day["count"], day["max"], day["late"]) == (201, 65.5, 0)
    wait_final(oracle, device)


def test_rollups_survive_whoever_keeps_them(stack: Stack, oracle: Oracle, device: str) -> None:
    with Load(stack.ingest, device, devices=4) as load, Daemon(stack, "aggregator") as second:
        wait_progress(oracle, GROUP)
        second.start()
        stack.kill("aggregator")
        wait_until(lambda: leads(second.url), 40, second.tail)
        stack.start("aggregator")
        wait_progress(oracle, GROUP)
        assert second.terminate() == 0
        aggregator = stack.url("aggregator")
        wait_until(lambda: leads(aggregator), 10, "the lease was given back at the end")
        load.stop()
    oracle.check_rollups(device)


def test_how_far_they_are_can_be_watched(stack: Stack, oracle: Oracle, device: str) -> None:
    send(stack, [reading(device)])
    oracle.check_rollups(device)
    lag = metric(stack.url("aggregator"), "weir_rollup_lag_seconds")
    assert set(lag) == {"hour", "day"}
    assert all(0 <= seconds < 10 for seconds in lag.values()), lag


def metric(url: str, name: str) -> dict[str, float]:
    samples = metrics_text.parse(requests.get(f"{url}/metrics", timeout=5).text)
    return {s.label("level") or "": s.value for s in samples if s.name == name}


def leads(url: str) -> bool:
    try:
        return metric(url, "weir_rollup_leading") == {"": 1}
    except requests.RequestException:
        return False
