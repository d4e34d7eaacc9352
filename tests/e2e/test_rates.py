"""Rate limits: who is over one is told which and for how long, and nobody else notices."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import requests

from support import metrics_text
from support.client import ingest
from support.daemon import Daemon, run, sanitized
from support.log import RAW, Log
from support.readings import id_of, now_ms, reading
from support.stack import Stack
from support.wait import pace, wait_until

LINES = "application/x-ndjson"
KEY = "rates-key-0123456789abcdef"


def limited(stack: Stack, **settings: object) -> Daemon:
    return Daemon(stack, "ingest", **{name: str(value) for name, value in settings.items()})


def post(daemon: Daemon, path: str, body: object, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} | headers
    return requests.post(daemon.url + path, data=data, headers=kind, timeout=20)


def batch(device: str, count: int, start_ms: int) -> list[dict]:
    return [reading(device, start_ms + n) for n in range(count)]


def records_of(stack: Stack, since: dict[int, int], prefix: str) -> list[dict]:
    log = Log(stack.kafka)
    try:
        return [r.json for r in log.read(RAW, since) if (r.key or b"").startswith(prefix.encode())]
    finally:
        log.close()


def ends(stack: Stack) -> dict[int, int]:
    log = Log(stack.kafka)
    try:
        return log.ends()
    finally:
        log.close()


def refusals(daemon: Daemon, reason: str) -> float:
    samples = metrics_text.parse(requests.get(f"{daemon.url}/metrics", timeout=10).text)
    return sum(
        s.value
        for s in samples
        if s.name == "weir_refused_requests_total" and dict(s.labels)["reason"] == reason
    )


# --- what is answered -----------------------------------------------------------------------------


def test_the_answer_names_limit_rest_and_reset(stack: Stack, device: str) -> None:
    with limited(stack, DEVICE_RATE=0.5, DEVICE_BURST=2) as daemon:
        daemon.start()
        for n in range(2):
            assert post(daemon, "/ingest", reading(device, now_ms() + n)).status_code == 200
        problem = post(daemon, "/api/v1/readings", reading(device))
        check_problem(problem, device)
        detail = post(daemon, "/ingest", reading(device))
        assert detail.status_code == 429 and 1 <= int(detail.headers["Retry-After"]) <= 3
        assert detail.json().keys() == {"detail"}
        for words in (device, "0.5 readings a second", "burst 2", "0 remain", " ms"):
            assert words in detail.json()["detail"], words
        point = f"m,device_id={device} x=1".encode()
        line = post(daemon, "/api/v2/write", point, **{"Content-Type": "text/plain"})
        assert line.status_code == 429 and "Retry-After" in line.headers
        assert line.json()["code"] == "too many requests" and device in line.json()["message"]
        assert post(daemon, "/ingest", reading(f"{device}-other")).status_code == 200
        assert refusals(daemon, "device_rate") == 3


def check_problem(answer: requests.Response, device: str) -> None:
    body = answer.json()
    assert answer.status_code == 429, body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["code"] == "rate_limited" and device in body["detail"]
    limit = body["limit"]
    reset_ms = limit.pop("reset_ms")
    assert limit == {
        "name": "device",
        "device_id": device,
        "rate_per_s": 0.5,
        "burst": 2,
        "remaining": 0,
    }
    assert 0 < reset_ms <= 2000
    wait_s = int(answer.headers["Retry-After"])
    assert reset_ms / 1000 <= wait_s <= math.ceil(1.25 * reset_ms / 1000)


def test_a_batch_is_taken_or_refused_as_a_whole(stack: Stack, device: str) -> None:
    since = ends(stack)
    with limited(stack, DEVICE_RATE=100, DEVICE_BURST=10) as daemon:
        daemon.start()
        # Larger than the burst: it passes, and what it took too early is missing afterwards.
        large = batch(device, 60, now_ms() - 10_000)
        assert post(daemon, "/api/v1/readings", large).status_code == 202
        mixed = [reading(f"{device}-good"), reading(device), reading(f"{device}-more")]
        refused = post(daemon, "/api/v1/readings", mixed)
        assert refused.status_code == 429 and refused.json()["limit"]["device_id"] == device
        lines = "\n".join(json.dumps(item) for item in mixed).encode()
        assert post(daemon, "/api/v1/readings", lines, **{"Content-Type": LINES}).status_code == 429
        points = "\n".join(f"m,device_id={item['device_id']} x=1" for item in mixed).encode()
        plain = {"Content-Type": "text/plain"}
        assert post(daemon, "/api/v2/write", points, **plain).status_code == 429
        # The same batch again and again gets through, with half a second of debt.
        wait_until(
            lambda: post(daemon, "/api/v1/readings", mixed).status_code == 202, 20, "the retry"
        )
    sent = records_of(stack, since, device)
    assert sorted(map(id_of, sent)) == sorted(map(id_of, large + mixed))


def test_an_invalid_item_is_not_weighed(stack: Stack, device: str) -> None:
    with limited(stack, DEVICE_RATE=0.01, DEVICE_BURST=1) as daemon:
        daemon.start()
        assert post(daemon, "/ingest", reading(device)).status_code == 200
        items = [reading(f"{device}-good"), reading(device) | {"humidity": "wet"}]
        answer = post(daemon, "/api/v1/readings", items)
        assert answer.status_code == 207, answer.text


def test_a_key_has_a_limit_of_its_own(stack: Stack, device: str) -> None:
    keyed = {"X-API-Key": KEY}
    with limited(stack, API_KEY=KEY, KEY_RATE=0.5, KEY_BURST=5) as daemon:
        daemon.start()
        items = [reading(f"{device}-{n}") for n in range(6)]
        assert post(daemon, "/api/v1/readings", items, **keyed).status_code == 202
        refused = post(daemon, "/api/v1/readings", reading(f"{device}-x"), **keyed)
        assert refused.status_code == 429, refused.text
        limit = refused.json()["limit"]
        assert (limit["name"], limit["burst"], "device_id" in limit) == ("key", 5, False)
        assert post(daemon, "/ingest", reading(device)).status_code == 401
        assert refusals(daemon, "key_rate") == 1


def test_limits_are_off_unless_set(stack: Stack, device: str) -> None:
    items = batch(device, 300, now_ms() - 10_000)
    ingest(stack, items)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DEVICE_RATE": "0.0001"}, "DEVICE_RATE"),
        ({"DEVICE_RATE": "-1"}, "DEVICE_RATE"),
        ({"KEY_RATE": "5"}, "API_KEYS_FILE"),
        ({"DEVICE_BURST": "1000001"}, "DEVICE_BURST"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, str], named: str) -> None:
    done = run("ingest", "--check-config", **settings)
    assert done.returncode == 2 and named in done.stderr, done.stderr


# --- one noisy device ----------------------------------------------------------------------------

RATE, BURST, DEVICES, SENDERS, ROUNDS = 5, 10, 999, 3, 3


@dataclass
class Sender:
    """One connection that sends readings at a given pace and notes what became of each."""

    daemon: Daemon
    items: list[dict]
    per_s: float
    answers: list[tuple[int, float]] = field(default_factory=list)

    def run(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.daemon.url).netloc, timeout=20)
        due = time.monotonic()
        for item in self.items:
            pace(due)
            due = max(due + 1 / self.per_s, time.monotonic() - 0.5)
            begun = time.monotonic()
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/ingest", json.dumps(item), headers)
            answer = connection.getresponse()
            answer.read()
            self.answers.append((answer.status, time.monotonic() - begun))
        connection.close()


def run_all(senders: list[Sender]) -> float:
    threads = [threading.Thread(target=sender.run) for sender in senders]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def others(daemon: Daemon, device: str, start_ms: int) -> list[Sender]:
    items = [reading(f"{device}-{n % DEVICES}", start_ms + n) for n in range(ROUNDS * DEVICES)]
    return [Sender(daemon, items[n::SENDERS], DEVICES / 4) for n in range(SENDERS)]


def percentile(senders: list[Sender], share: float) -> float:
    times = sorted(took for sender in senders for _, took in sender.answers)
    return 1000 * times[int(share * (len(times) - 1))]


def test_one_noisy_device_harms_nobody(stack: Stack, device: str) -> None:
    """A device at a hundred times its rate beside 999 that keep to theirs."""
    since, start_ms = ends(stack), now_ms() - 3_600_000
    with limited(stack, DEVICE_RATE=RATE, DEVICE_BURST=BURST) as daemon:
        daemon.start()
        alone = others(daemon, f"{device}-a", start_ms)
        took_s = run_all(alone)
        noise = [reading(f"{device}-noisy", start_ms + n) for n in range(int(100 * RATE * took_s))]
        noisy, beside = Sender(daemon, noise, 100 * RATE), others(daemon, f"{device}-b", start_ms)
        took_s = run_all([noisy, *beside])
        refused = refusals(daemon, "device_rate")

    passed = [item for item, (status, _) in zip(noise, noisy.answers, strict=True) if status == 200]
    statuses = [status for status, _ in noisy.answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(429) == refused
    assert BURST + RATE * (took_s - 2) <= len(passed) <= BURST + RATE * took_s + 1
    for sender in alone + beside:
        assert all(status == 200 for status, _ in sender.answers)
    records = records_of(stack, since, device)
    expected = passed + [item for sender in alone + beside for item in sender.items]
    assert sorted(map(id_of, records)) == sorted(map(id_of, expected))

    print(
        f"\n{DEVICES} devices: {len(beside) * len(beside[0].items)} readings in {took_s:.1f} s, "
        f"p50 {percentile(alone, 0.5):.2f} -> {percentile(beside, 0.5):.2f} ms, "
        f"p99 {percentile(alone, 0.99):.2f} -> {percentile(beside, 0.99):.2f} ms; "
        f"the noisy one: {len(statuses)} sent, {len(passed)} passed, {statuses.count(429)} refused"
    )
    if not sanitized("ingest"):
        assert percentile(beside, 0.5) <= 3 * percentile(alone, 0.5) + 10
