"""A bad network between ingest and the broker: an acknowledgement that is lost is no reading that
is lost, and none that is stored twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import requests

from support.daemon import Daemon
from support.fault_proxy import FaultProxy
from support.load import OK, Load, check_delivery
from support.log import RAW, Log
from support.oracle import Oracle
from support.readings import id_of, reading
from support.stack import Stack
from support.wait import wait_until
from support.wire_frames import KafkaFrames

DELIVERY_TIMEOUT_S = 3.0


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultProxy]:
    with FaultProxy(stack.kafka_proxied, stack.kafka_proxy_port, KafkaFrames) as proxy:
        yield proxy


@pytest.fixture
def ingest(stack: Stack, proxy: FaultProxy) -> Iterator[Daemon]:
    """A second ingest that knows the broker only by way of the proxy."""
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{proxy.port}",
        "DELIVERY_TIMEOUT": f"{DELIVERY_TIMEOUT_S:g}s",
    }
    with Daemon(stack, "ingest", **settings) as daemon:
        daemon.start()
        yield daemon
        proxy.heal()
        assert daemon.terminate() == 0, daemon.tail()


def post(ingest: Daemon, item: dict) -> requests.Response:
    begun = time.monotonic()
    answer = requests.post(f"{ingest.url}/ingest", json=item, timeout=15)
    took = time.monotonic() - begun
    assert took < DELIVERY_TIMEOUT_S + 3, f"{answer.status_code} after {took:.1f} s"
    return answer


def records(log: Log, since: dict[int, int], device: str) -> Counter[str]:
    """How often each reading of these devices is in the log, by its id."""
    found = (record.json for record in log.read(RAW, since))
    return Counter(id_of(item) for item in found if item["device_id"].startswith(device))


def test_an_acknowledgement_is_lost(
    ingest: Daemon, proxy: FaultProxy, log: Log, device: str
) -> None:
    """The broker has the reading, ingest never hears of it, asks again, and is told: I have it."""
    since = log.ends()
    items = [reading(device, seq=n) for n in range(5)]
    assert post(ingest, reading(f"{device}-first")).status_code == 200
    for item in items:
        lost = proxy.seen.lost_answers
        proxy.lose_answers(1, KafkaFrames.PRODUCE)
        assert post(ingest, item).status_code == 200
        assert proxy.seen.lost_answers == lost + 1
    found = records(log, since, device)
    assert all(found[id_of(item)] == 1 for item in items), found


def test_every_acknowledgement_is_lost(
    ingest: Daemon, proxy: FaultProxy, log: Log, device: str
) -> None:
    """Then nobody can know, so it is a 503; and the reading sent again is the same reading."""
    since = log.ends()
    item = reading(device)
    proxy.lose_answers(1_000_000, KafkaFrames.PRODUCE)
    refused = post(ingest, item)
    assert refused.status_code == 503 and refused.headers["Retry-After"]
    assert records(log, since, device)[id_of(item)] >= 1, "the broker never had it"
    proxy.heal()
    wait_until(lambda: post(ingest, item).status_code == 200, 20, ingest.tail)
    assert set(records(log, since, device)) == {id_of(item)}


def lose_three(proxy: FaultProxy) -> None:
    proxy.lose_answers(3, KafkaFrames.PRODUCE)


FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "reset": FaultProxy.reset_all,
    "half close": FaultProxy.half_close,
    "slow": lambda proxy: proxy.delay(0.3),
    "cut within an answer": lambda proxy: proxy.cut_after(7),
    "cut before an answer": lambda proxy: proxy.cut_after(0),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=[name.replace(" ", "-") for name in FAULTS])
def test_the_line_breaks(
    ingest: Daemon, proxy: FaultProxy, log: Log, device: str, fault: Callable[[FaultProxy], None]
) -> None:
    """One request: an answer in time, 200 only for what is in the log, and once; then as before."""
    since = log.ends()
    assert post(ingest, reading(f"{device}-before")).status_code == 200
    fault(proxy)
    item = reading(device)
    status = post(ingest, item).status_code
    assert status in (200, 503)
    assert status == 503 or records(log, since, device)[id_of(item)] == 1
    proxy.heal()
    after = reading(f"{device}-after")
    wait_until(lambda: post(ingest, after).status_code == 200, 20, ingest.tail)
    assert id_of(after) in records(log, since, device)


def test_a_bad_network_under_load(
    ingest: Daemon, proxy: FaultProxy, oracle: Oracle, log: Log, device: str
) -> None:
    """Every fault in turn while readings come: all that were accepted are stored, once. What was
    answered 200 at its first attempt is in the log once too: the producer settles what it does not
    know, and only a device that sends again makes a second record."""
    since = log.ends()
    with Load(ingest.url, device, threads=8, rate=200) as load:
        for fault in (*FAULTS.values(), lose_three, FaultProxy.freeze):
            goal = load.accepted() + 40
            wait_until(lambda goal=goal: load.accepted() >= goal, 30, "load before the fault")
            fault(proxy)
            begun = len(load.attempts())
            wait_until(lambda n=begun: len(load.attempts()) >= n + 40, 30, "answers of any kind")
            proxy.heal()
        goal = load.accepted() + 40
        wait_until(lambda: load.accepted() >= goal, 30, "load at the end")
    assert proxy.seen.lost_answers and proxy.seen.resets >= 3, proxy.seen
    found = records(log, since, device)
    first = [r.reading for r in load.requests if len(r.attempts) == 1 and r.outcome == OK]
    wrong = {id_of(item): found[id_of(item)] for item in first if found[id_of(item)] != 1}
    assert first and not wrong, f"accepted at once, and not once in the log: {wrong}"
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()
