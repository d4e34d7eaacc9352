"""Ingest ends under load, by kill -9 and by SIGTERM: no reading that got a 2xx is lost."""

from __future__ import annotations

from support.daemon import Daemon
from support.load import UNKNOWN, Load, check_delivery
from support.oracle import Oracle
from support.stack import Stack
from support.wait import wait_until


def wait_accepted(load: Load, more: int) -> None:
    goal = load.accepted() + more
    wait_until(lambda: load.accepted() >= goal, 30, lambda: f"{load.accepted()} of {goal}")


def test_ingest_is_killed_three_times(stack: Stack, oracle: Oracle, device: str) -> None:
    with Load(stack.ingest, device, threads=8, rate=400) as load:
        for _ in range(3):
            wait_accepted(load, 200)
            stack.kill("ingest")
            stack.start("ingest")
        wait_accepted(load, 200)
    assert any(attempt.outcome == UNKNOWN for attempt in load.attempts()), "no kill hit anything"
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()


def test_ingest_drains_on_sigterm(stack: Stack, oracle: Oracle, device: str) -> None:
    with Daemon(stack, "ingest") as second:
        second.start()
        with Load(second.url, device, threads=8, rate=400) as load:
            wait_accepted(load, 200)
            assert second.terminate() == 0, second.tail()
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()
