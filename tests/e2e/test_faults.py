"""Every kind of call that weir-ingest makes fails once, at each place in turn: it lives, answers
everything, and what it accepted is in Kafka. WEIR_FAULTS=all tries every place instead of a sample."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.daemon import Daemon
from support.fault_proxy import FaultProxy
from support.faults import ALL, MAIN, OTHERS, FailCalls, error_number
from support.log import RAW, Log
from support.request_set import Outcome, RequestSet, check_log
from support.stack import Stack, is_ready
from support.wait import wait_until

ABORTED = -6
EVERY = os.environ.get("WEIR_FAULTS", "") == "all"
SETTINGS = {"DELIVERY_TIMEOUT": "2s", "LOG_FORMAT": "human"}

# Calls of the loop's thread while it serves, and what the manual pages say of them. `short` moves
# one byte, `end` none.
WHILE_SERVING = {
    "accept4": "EINTR EAGAIN ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM",
    "read": "EINTR EAGAIN ECONNRESET ENOMEM short end",
    "send": "EINTR EAGAIN EPIPE ECONNRESET ENOBUFS ENOMEM short",
    "write": "EINTR EAGAIN EPIPE short",
    "epoll_wait": "EINTR",
    "epoll_ctl": "ENOMEM ENOSPC",
    "close": "EINTR EIO",
    "shutdown": "ENOTCONN ENOBUFS",
}
# Those of librdkafka's threads. It may give a delivery up, but not the daemon. Not `write`: that is
# to an eventfd, which takes a number at once (eventfd(2)), and a lost one is a lost wake-up for good.
OF_THE_PRODUCER = {
    "sendmsg": "EINTR EAGAIN ECONNRESET EPIPE ENOBUFS short",
    "recvmsg": "EINTR EAGAIN ECONNRESET end",
    "read": "EINTR EAGAIN",
}
# And when the connection to the broker has just broken.
WHILE_RECONNECTING = {
    "socket": "EMFILE ENFILE ENOBUFS",
    "connect": "ECONNREFUSED ETIMEDOUT EINTR",
    "setsockopt": "ENOMEM",
    "fcntl": "EINVAL",
}
AT_START = {
    "socket": "EMFILE ENFILE ENOBUFS EACCES",
    "bind": "EADDRINUSE EACCES",
    "listen": "EADDRINUSE",
    "setsockopt": "ENOPROTOOPT",
    "epoll_create1": "EMFILE ENOMEM",
    "epoll_ctl": "ENOMEM",
    "eventfd": "EMFILE ENFILE",
    "pipe": "EMFILE",
    "pipe2": "EMFILE",
    "getrandom": "EINTR ENOSYS short",
    "pthread_create": "EAGAIN",
    "poll": "EINTR ENOMEM",
    "read": "EINTR EIO end",
    "write": "EINTR EAGAIN EIO",
}


def pairs(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(call, error) for call, errors in table.items() for error in errors.split()]


def places(count: int, at_most: int) -> list[int]:
    """From 1 to count: all, or so many, spread evenly with both ends."""
    if EVERY or count <= at_most:
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / (at_most - 1)) for i in range(at_most)})


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[FailCalls]:
    faults = FailCalls(tmp_path / "fail_calls")
    yield faults
    faults.close()


def descriptors(daemon: Daemon) -> int:
    assert daemon.process
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def counted(
    faults: FailCalls, senders: RequestSet, threads: int, total: Outcome
) -> dict[str, int]:
    """How often each call is made during one run of all requests."""
    before = faults.counts(threads)
    outcome = senders.all()
    assert outcome.statuses == senders.expected(), "without a fault"
    total.merge(outcome)
    return {name: n - before.get(name, 0) for name, n in faults.counts(threads).items()}


def serves(senders: RequestSet, total: Outcome) -> None:
    """Disarmed, everything works again, at once or after a short pause."""

    def works() -> bool:
        outcome = senders.small()
        total.merge(outcome)
        return outcome.statuses == [200, 200]

    wait_until(works, 10, "the daemon to serve again")


@pytest.mark.parametrize(
    ("threads", "call", "error"),
    [pytest.param(MAIN, *pair, id="-".join(pair)) for pair in pairs(WHILE_SERVING)]
    + [pytest.param(OTHERS, *p, id="-".join(("kafka", *p))) for p in pairs(OF_THE_PRODUCER)],
)
def test_a_call_fails_while_serving(
    stack: Stack, log: Log, faults: FailCalls, device: str, threads: int, call: str, error: str
) -> None:
    since = log.ends()
    with Daemon(stack, "ingest", **SETTINGS, **faults.environment()) as daemon:
        daemon.start()
        senders = RequestSet(daemon.url, device)
        total = Outcome()
        serves(senders, total)
        count = counted(faults, senders, threads, total).get(call, 0)
        idle = descriptors(daemon)
        fired = 0
        for number in places(count, 12 if threads == MAIN else 4):
            faults.arm(call, number, error, threads)
            outcome = senders.all()
            faults.disarm()
            fired += faults.fired
            assert not daemon.exited, f"{call} {number} of {count}: {daemon.tail()}"
            total.merge(outcome)
            serves(senders, total)
        assert fired, f"none of {count} calls could be failed"
        print(f"{call} {error}: {count} calls for a set of requests, {fired} failed")
        wait_until(
            lambda: descriptors(daemon) <= idle,
            5,
            lambda: f"{descriptors(daemon)} descriptors, {idle} before",
        )
        assert daemon.terminate() == 0, daemon.tail()
    check_log(log, since, total, RAW, device)


@pytest.mark.parametrize(
    ("call", "error"), [pytest.param(*p, id="-".join(p)) for p in pairs(WHILE_RECONNECTING)]
)
def test_a_call_fails_while_reconnecting(
    stack: Stack, log: Log, faults: FailCalls, device: str, call: str, error: str
) -> None:
    since = log.ends()
    total = Outcome()
    with (
        FaultProxy(stack.kafka_proxied, stack.kafka_proxy_port) as proxy,
        Daemon(
            stack,
            "ingest",
            **SETTINGS | {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{proxy.port}"},
            **faults.environment(),
        ) as daemon,
    ):
        daemon.start()
        senders = RequestSet(daemon.url, device)
        serves(senders, total)
        for times in (1, 3):
            faults.arm(call, 1, error, OTHERS, times)
            proxy.reset_all()
            total.merge(senders.all())  # without something to send it connects in its own time
            wait_until(lambda: faults.fired, 10, f"{call} to be called again")
            faults.disarm()
            serves(senders, total)
        assert daemon.terminate() == 0, daemon.tail()
    check_log(log, since, total, RAW, device)


@pytest.mark.parametrize(
    ("call", "error"), [pytest.param(*p, id="-".join(p)) for p in pairs(AT_START)]
)
def test_a_call_fails_at_start(
    stack: Stack, log: Log, faults: FailCalls, device: str, call: str, error: str
) -> None:
    """It serves all the same, or it ends with status 1 and a reason: never a signal, never a
    daemon that sits there deaf."""
    since = log.ends()
    total = Outcome()
    count = start_counts(stack, faults).get(call, 0)
    for number in places(count, 6):
        faults.arm(call, number, error)
        with Daemon(stack, "ingest", **SETTINGS, **faults.environment()) as daemon:
            daemon.start(wait_ready=False)
            assert daemon.process
            if serves_or_ends(daemon, faults, device, total):
                assert daemon.terminate() == 0, daemon.tail()
            else:
                status = daemon.process.wait(10)
                ended = (1, ABORTED) if call == "pthread_create" else (1,)
                assert status in ended, f"{call} {number} of {count}: {status}: {daemon.tail()}"
                reason = os.strerror(error_number(error)) if error_number(error) > 0 else ": "
                assert reason in daemon.tail(), f"no reason: {daemon.tail()}"
        faults.disarm()
    check_log(log, since, total, RAW, device)


def start_counts(stack: Stack, faults: FailCalls, memory: bool = False) -> dict[str, int]:
    before = faults.counts(MAIN)
    with Daemon(stack, "ingest", **SETTINGS, **faults.environment(memory)) as daemon:
        daemon.start()
        after = faults.counts(MAIN)
        assert daemon.terminate() == 0
    return {name: n - before.get(name, 0) for name, n in after.items()}


def serves_or_ends(daemon: Daemon, faults: FailCalls, device: str, total: Outcome) -> bool:
    wait_until(lambda: daemon.exited or is_ready(daemon.url), 15, daemon.tail)
    faults.disarm()  # a place that the start did not come to is not one of the requests'
    if daemon.exited:
        return False
    outcome = RequestSet(daemon.url, f"{device}-{daemon.port}").small()
    total.merge(outcome)
    assert outcome.statuses == [200, 200], daemon.tail()
    return True


# --- memory ------------------------------------------------------------------------------------

# What common/base/xmalloc.c says, and what the libraries do, before they abort.
OUT_OF_MEMORY = re.compile(r"out of memory|cannot start a thread|Assertion .* failed", re.I)
REASON = re.compile(r"^weir-ingest: .+|ERROR", re.M)
ALLOCATIONS = ("malloc", "calloc", "realloc")


@pytest.mark.plain
@pytest.mark.parametrize("threads", [MAIN, OTHERS], ids=["loop", "kafka"])
@pytest.mark.parametrize("call", ALLOCATIONS)
def test_memory_runs_out_while_serving(
    stack: Stack, log: Log, faults: FailCalls, device: str, call: str, threads: int
) -> None:
    since = log.ends()
    total = Outcome()
    with Daemon(stack, "ingest", **SETTINGS, **faults.environment(memory=True)) as daemon:
        daemon.start()
        count = counted(faults, RequestSet(daemon.url, f"{device}-c"), threads, total).get(call, 0)
    for number in places(count, 12):
        with Daemon(stack, "ingest", **SETTINGS, **faults.environment(memory=True)) as daemon:
            daemon.start()
            senders = RequestSet(daemon.url, f"{device}-{number}")
            faults.arm(call, number, "ENOMEM", threads)
            total.merge(senders.all())
            faults.disarm()
            lived_or_said_why(daemon, f"{call} {number} of {count}")
    check_log(log, since, total, RAW, device)


@pytest.mark.plain
@pytest.mark.parametrize("call", ALLOCATIONS)
def test_memory_runs_out_at_start(stack: Stack, faults: FailCalls, call: str) -> None:
    count = start_counts(stack, faults, memory=True).get(call, 0)
    for number in places(count, 40):
        faults.arm(call, number, "ENOMEM", ALL)
        with Daemon(stack, "ingest", **SETTINGS, **faults.environment(memory=True)) as daemon:
            daemon.start(wait_ready=False)
            wait_until(lambda d=daemon: is_settled(d), 15, daemon.tail)
            lived_or_said_why(daemon, f"{call} {number} of {count}")
        faults.disarm()


def is_settled(daemon: Daemon) -> bool:
    """Ended, ready, or not ready for the one reason that librdkafka leaves when it gets no thread
    for its broker."""
    if daemon.exited or is_ready(daemon.url):
        return True
    try:
        return "No brokers configured" in requests.get(f"{daemon.url}/readyz", timeout=2).text
    except requests.RequestException:
        return False


def lived_or_said_why(daemon: Daemon, what: str) -> None:
    """Alive until it is told to stop, or refused to start, or aborted: the last two with a reason."""
    assert daemon.process
    status = daemon.process.returncode if daemon.exited else daemon.terminate()
    what = f"{what}: ended with {status}: {daemon.tail()}"
    assert status in (0, 1, ABORTED), what
    assert status != 1 or REASON.search(daemon.tail()), what
    assert status != ABORTED or OUT_OF_MEMORY.search(daemon.tail()), what
