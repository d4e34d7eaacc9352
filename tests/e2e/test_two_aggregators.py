"""Two aggregators share the partitions; one joining or leaving under load changes no result."""

from __future__ import annotations

import requests

from support import metrics_text
from support.daemon import Daemon
from support.load import Load, check_delivery
from support.oracle import Oracle, PositionMonitor
from support.stack import Stack
from support.wait import wait_until
from test_crash import wait_progress

GROUP = "aggregator_worker"


def wait_shared(second: Daemon) -> None:
    """Until the second one has stored something itself."""
    def processed() -> float:
        text = requests.get(f"{second.url}/metrics", timeout=5).text
        name = "aggregator_messages_processed_total"
        return sum(s.value for s in metrics_text.parse(text) if s.name == name)

    wait_until(lambda: processed() > 0, 40, second.tail)


def test_one_joins_and_one_leaves_under_load(stack: Stack, oracle: Oracle, device: str) -> None:
    load = Load(stack.ingest, device, devices=8)
    with PositionMonitor(stack), load, Daemon(stack, "aggregator") as second:
        wait_progress(oracle, GROUP)
        second.start()
        wait_shared(second)
        assert second.terminate() == 0
        wait_progress(oracle, GROUP)
        second.start()
        wait_shared(second)
        second.kill()
        wait_progress(oracle, GROUP)
        load.stop()
        oracle.wait_aggregated()
    check_delivery(load, oracle.raw(device))
    oracle.check()
    oracle.check_rollups(device)


def test_the_first_is_killed_and_the_second_takes_over(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    with Load(stack.ingest, device, devices=8) as load, Daemon(stack, "aggregator") as second:
        second.start()
        wait_shared(second)
        stack.kill("aggregator")
        wait_progress(oracle, GROUP)
        load.stop()
        oracle.wait_aggregated()
        stack.start("aggregator")
        assert second.terminate() == 0
    check_delivery(load, oracle.raw(device))
    oracle.check()
