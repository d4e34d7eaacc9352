"""kill -9 under load: nothing lost, nothing counted twice, every alert once."""

from __future__ import annotations

from support.load import Load, check_delivery, gentle, swinging
from support.oracle import Oracle, PositionMonitor
from support.stack import Stack
from support.wait import wait_until

KILLS = 5


def wait_progress(oracle: Oracle, group: str, deadline_s: float = 120) -> None:
    """Until the group has moved on from where it stands now, so that a kill hits it at work."""
    before = sum(oracle.log.committed(group).values())
    wait_until(
        lambda: sum(oracle.log.committed(group).values()) > before,
        deadline_s,
        lambda: f"{group} to move on from {before}",
    )


def test_the_aggregator_is_killed_five_times(stack: Stack, oracle: Oracle, device: str) -> None:
    with PositionMonitor(stack), Load(stack.ingest, device, gentle) as load:
        for _ in range(KILLS):
            wait_progress(oracle, "aggregator_worker")
            stack.kill("aggregator")
            stack.start("aggregator")
        load.stop()
        oracle.wait_aggregated()
    check_delivery(load, oracle.raw(device))
    oracle.check()


def test_the_alerter_is_killed_five_times(stack: Stack, oracle: Oracle, device: str) -> None:
    since = oracle.marks()
    load = Load(stack.ingest, device, swinging, age_ms=60_000, step_ms=15)
    with load:
        for _ in range(KILLS):
            wait_progress(oracle, "alerts_worker")
            stack.kill("alerter")
            stack.start("alerter")
    episodes = oracle.check_alerts(device, since)
    assert len(episodes) > 50
    assert {episode.severity for episode in episodes.values()} == {"warning", "critical"}


def test_both_are_killed_at_once(stack: Stack, oracle: Oracle, device: str) -> None:
    since = oracle.marks()
    load = Load(stack.ingest, device, swinging, age_ms=60_000, step_ms=15)
    with load:
        wait_progress(oracle, "aggregator_worker")
        stack.kill("aggregator", "alerter")
        stack.start("aggregator", "alerter")
    check_delivery(load, oracle.raw_when_aggregated(device))
    oracle.check()
    oracle.check_alerts(device, since)
