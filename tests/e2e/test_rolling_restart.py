"""Instances of ingest are replaced one after the other under load, and no client notices.

Two instances have two ports here, as two pods or hosts have two addresses. Two on one port
(SO_REUSEPORT) would be no way to do this: the kernel hands each new connection to one of the
sockets, and those that wait unaccepted at the one that closes are reset. So an instance does not
share its port with another one, only its own workers share it."""

from __future__ import annotations

from collections import Counter

import pytest
import requests

from support import metrics_text
from support.balancer import Balancer, Clients
from support.daemon import Daemon, program
from support.log import RAW
from support.oracle import Oracle
from support.stack import Stack, is_ready
from support.wait import wait_until

DELAY = "2s"  # many times what clients and probes need to look again


def wait_more(clients: Clients, count: int) -> None:
    goal = len(clients.accepted) + count
    wait_until(lambda: len(clients.accepted) >= goal, 30, lambda: f"{clients.failures[:3]}")


@pytest.mark.parametrize("workers", [1, 3])
def test_no_request_fails_while_both_instances_are_restarted(
    stack: Stack, oracle: Oracle, device: str, workers: int
) -> None:
    marks = oracle.log.ends(RAW)
    settings = {"SHUTDOWN_DELAY": DELAY, "WORKERS": str(workers)}
    with Daemon(stack, "ingest", **settings) as one, Daemon(stack, "ingest", **settings) as two:
        one.start()
        two.start()
        with Balancer([one.url, two.url]) as balancer, Clients(balancer, device, 16) as clients:
            for instance in (one, two):
                wait_more(clients, 300)
                assert instance.terminate() == 0, instance.tail()
                wait_more(clients, 300)
                before = clients.served[instance.url.removeprefix("http://")]
                instance.start()
                wait_until(
                    lambda: clients.served[instance.url.removeprefix("http://")] > before + 20,
                    30,
                    "clients to come back",
                )
    assert not clients.failures, f"{len(clients.failures)}: {clients.failures[:5]}"
    assert clients.closes > 0, "nobody was asked to go elsewhere"
    found = Counter(
        (r.json["device_id"], r.json["seq"])
        for r in oracle.log.read(RAW, marks)
        if r.json["device_id"].startswith(device)
    )
    wrong = {key: found[key] for key in clients.accepted if found[key] != 1}
    assert not wrong, f"{len(wrong)} of {len(clients.accepted)} not exactly once: {wrong}"


def test_while_it_waits_for_the_delay_it_says_so(stack: Stack, device: str) -> None:
    """Not ready at once, but still taking readings, on new connections too."""
    with Daemon(stack, "ingest", SHUTDOWN_DELAY="10m", SHUTDOWN_TIMEOUT="5s") as daemon:
        daemon.start()
        assert daemon.process
        with Clients(FixedAddress(daemon), device, 3) as early:
            wait_more(early, 20)
            daemon.process.terminate()
            wait_until(lambda: not is_ready(daemon.url), 5, "readiness to go")
            wait_more(early, 20)
        with Clients(FixedAddress(daemon), f"{device}-late", 3) as late:
            wait_more(late, 30)
        assert not early.failures and not late.failures, early.failures + late.failures
        assert late.closes == len(late.accepted), "an answer did not ask to close"
        assert not daemon.exited


class FixedAddress:
    """In place of a balancer, for clients that do not look: always this instance."""

    def __init__(self, daemon: Daemon) -> None:
        self.address = daemon.url.removeprefix("http://")
        self.ready = {self.address: True}

    def pick(self) -> str:
        return self.address


def test_workers_share_a_port_with_nobody_else(stack: Stack) -> None:
    with Daemon(stack, "ingest", WORKERS="3") as first:
        first.start()
        samples = metrics_text.parse(scrape(first))
        assert [s.value for s in samples if s.name == "weir_ingest_workers"] == [3]
        with Daemon(stack, "ingest", WORKERS="2") as second:
            second.env["LISTEN"] = first.env["LISTEN"]
            second.start(wait_ready=False)
            assert second.process and second.process.wait(20) == 1, program("ingest")
            assert "Address already in use" in second.tail()
        assert not first.exited


def scrape(daemon: Daemon) -> str:
    return requests.get(f"{daemon.url}/metrics", timeout=5).text
