"""Broker or store away: bounded answers, nothing lost, nothing dead-lettered, no restart needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from support.load import OK, Attempt, Load, check_delivery
from support.log import DLQ
from support.oracle import Oracle, PositionMonitor
from support.stack import Stack
from support.wait import wait_until

LONG = os.environ.get("WEIR_E2E_LONG", "") not in ("", "0")
DELIVERY_TIMEOUT_S = 5.0
OUTAGE_S = 30.0 if LONG else 8.0


def attempts_after(load: Load, moment: float) -> list[Attempt]:
    return [attempt for attempt in load.attempts() if attempt.ended > moment]


def accepted_more(load: Load, readings: int) -> Callable[[], bool]:
    goal = load.accepted() + readings
    return lambda: load.accepted() >= goal


def test_the_broker_is_frozen(stack: Stack, oracle: Oracle, device: str) -> None:
    pids = {name: stack.pid(name) for name in ("ingest", "aggregator", "alerter")}
    with Load(stack.ingest, device) as load:
        wait_until(accepted_more(load, 100), 20, "load before the outage")
        stack.pause("kafka")
        frozen = time.monotonic()
        refused = expect_refusals(load, frozen)
        stack.resume("kafka")
        wait_until(accepted_more(load, 200), 60, "load after the outage")
    assert refused
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()
    assert pids == {name: stack.pid(name) for name in pids}, "something was restarted"


def test_the_broker_is_killed(stack: Stack, oracle: Oracle, device: str) -> None:
    pids = {name: stack.pid(name) for name in ("ingest", "aggregator", "alerter")}
    with Load(stack.ingest, device) as load:
        wait_until(accepted_more(load, 100), 20, "load before the outage")
        stack.kill("kafka")
        down = time.monotonic()
        expect_refusals(load, down)
        stack.start("kafka")
        wait_until(accepted_more(load, 200), 60, "load after the outage")
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()
    assert pids == {name: stack.pid(name) for name in pids}, "something was restarted"


def expect_refusals(load: Load, since: float) -> list[Attempt]:
    """503 within the delivery timeout plus 3 s, and no success once the broker cannot answer."""

    def refused() -> list[Attempt]:
        return [attempt for attempt in attempts_after(load, since) if attempt.status == 503]

    wait_until(lambda: len(refused()) >= 20, DELIVERY_TIMEOUT_S + 10, "503 answers")
    found = attempts_after(load, since)
    slowest = max(attempt.took_s for attempt in found)
    assert slowest < DELIVERY_TIMEOUT_S + 3, f"an answer took {slowest:.1f} s"
    # An acknowledgement may have been under way when the broker stopped; a second later none is.
    late = [a for a in found if a.outcome == OK and a.ended > since + 1]
    assert not late, f"accepted without a broker: {late[:3]}"
    assert all(attempt.status == 503 for attempt in found if attempt.outcome != OK), found[:3]
    return refused()


def test_the_store_is_stopped_under_load(stack: Stack, oracle: Oracle, device: str) -> None:
    letters = oracle.log.ends(DLQ)
    pids = {name: stack.pid(name) for name in ("ingest", "aggregator", "alerter", "dashboard")}
    with PositionMonitor(stack), Load(stack.ingest, device) as load:
        wait_until(accepted_more(load, 100), 20, "load before the outage")
        stack.stop("store")
        down = time.monotonic()
        wait_until(
            lambda: time.monotonic() > down + OUTAGE_S and accepted_in(load, down) > 100,
            OUTAGE_S + 20,
            "ingest to go on without the store",
        )
        stack.start("store")
        load.stop()
        oracle.wait_aggregated()
    assert {a.status for a in attempts_after(load, down)} == {200}, "ingest noticed the store"
    check_delivery(load, oracle.raw(device))
    oracle.check()
    assert oracle.log.ends(DLQ) == letters, "readings were dead-lettered because the store was away"
    assert pids == {name: stack.pid(name) for name in pids}, "something was restarted"


def accepted_in(load: Load, since: float) -> int:
    return sum(attempt.outcome == OK for attempt in attempts_after(load, since))


def test_the_store_is_frozen_and_goes_on(stack: Stack, oracle: Oracle, device: str) -> None:
    """Longer than a socket timeout: writes whose outcome is unknown are simply made again."""
    with Load(stack.ingest, device, rate=100) as load:
        wait_until(accepted_more(load, 100), 20, "load before the outage")
        stack.pause("store")
        wait_until(accepted_more(load, 100), 20, "ingest to go on")
        wait_until(lambda: not reads_ready(stack), 30, "the aggregator to notice")
        stack.resume("store")
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()


def reads_ready(stack: Stack) -> bool:
    return stack.status()["aggregator"]["state"] == "ready"


@pytest.mark.skipif(not LONG, reason="each commit costs an fsync; WEIR_E2E_LONG=1")
def test_the_store_is_killed_under_load(stack: Stack, oracle: Oracle, device: str) -> None:
    """With every commit synced, kill -9 of the store loses nothing that was acknowledged."""
    stack.tool("restart", "store", STORE_SYNC="1")
    try:
        with Load(stack.ingest, device, rate=50) as load:
            for _ in range(3):
                wait_until(accepted_more(load, 100), 30, "load before the kill")
                stack.kill("store")
                stack.start("store", STORE_SYNC="1")
        check_delivery(load, oracle.raw_when_aggregated(device))
        oracle.check()
    finally:
        stack.tool("restart", "store")
