"""A broker that takes nothing: ingest refuses in time, then at once, in bounded memory, and comes
back by itself."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from support import metrics_text
from support.daemon import Daemon, program, sanitized
from support.load import OK, Load
from support.log import RAW
from support.oracle import Oracle
from support.process import resident_bytes
from support.readings import now_ms, reading
from support.stack import Stack, is_ready
from support.wait import wait_until

TIMEOUT_S = 2.0
MARGIN_S = 3.0  # as everywhere: librdkafka looks for expired messages once a second
WORKERS = (1, 3)


@pytest.fixture(params=WORKERS, ids=lambda n: f"{n}-workers")
def daemon(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Daemon]:
    settings = {"DELIVERY_TIMEOUT": f"{TIMEOUT_S:g}s", "WORKERS": str(request.param)}
    with Daemon(stack, "ingest", **settings) as started:
        yield started.start()


@contextmanager
def frozen(stack: Stack) -> Iterator[None]:
    """Goes on at the end whatever happens: daemons that still look ready are not healed."""
    stack.pause("kafka")
    try:
        yield
    finally:
        stack.resume("kafka")


def metric(daemon: Daemon, name: str, **labels: str) -> float:
    samples = metrics_text.parse(requests.get(f"{daemon.url}/metrics", timeout=5).text)
    return sum(
        s.value for s in samples if s.name == name and labels.items() <= dict(s.labels).items()
    )


def send(daemon: Daemon, device: str, n: int = 0) -> tuple[int, float]:
    """Status and seconds, on a connection of its own."""
    begun = time.monotonic()
    item = reading(device, now_ms() - n, seq=n)
    answer = requests.post(f"{daemon.url}/ingest", json=item, timeout=30)
    if answer.status_code == 503:
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
    return answer.status_code, time.monotonic() - begun


def workers_of(daemon: Daemon) -> int:
    return int(daemon.env["WORKERS"])


def open_breakers(daemon: Daemon, device: str) -> None:
    """Requests that wait for a broker in vain, until every worker has noticed."""
    noticed = threading.Event()

    def slowest_answer(index: int) -> float:
        slowest, asked = 0.0, False
        while not (asked and noticed.is_set()):
            status, took = send(daemon, f"{device}-vain-{index}")
            assert status == 503
            slowest, asked = max(slowest, took), True
        return slowest

    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(slowest_answer, i) for i in range(8)]
        try:
            wait_until(
                lambda: metric(daemon, "weir_producer_breaker_open") == workers_of(daemon),
                TIMEOUT_S + 10,
                "every breaker to open",
            )
        finally:
            noticed.set()
        slowest = max(client.result() for client in clients)
    assert slowest < TIMEOUT_S + MARGIN_S, f"an answer took {slowest:.1f} s"


def check_log(load: Load, oracle: Oracle, marks: dict[int, int]) -> None:
    """What got a 2xx is there, once; a reading that was refused first and sent again may be there
    for each time it was sent: that it came to the broker was not known. One that was on its way
    while the broker stood still may be there once more: when messages run out of time, librdkafka
    begins a new epoch and sends what was in flight again. Its id makes one reading of them."""
    found = Counter(
        (r.json["device_id"], r.json["seq"])
        for r in oracle.log.read(RAW, marks)
        if r.json["device_id"].startswith(load.prefix)
    )
    wrong = {}
    for request in load.requests:
        key = (request.reading["device_id"], request.reading["seq"])
        most = sum(2 if attempt.took_s > 1 else 1 for attempt in request.attempts)
        if request.outcome == OK and not 1 <= found[key] <= most:
            wrong[key] = (found[key], most)
    assert not wrong, f"{len(wrong)} of {len(load.requests)}: {list(wrong.items())[:5]}"
    assert any(len(request.attempts) == 1 for request in load.requests)


def accepted_more(load: Load, count: int) -> Callable[[], bool]:
    goal = load.accepted() + count
    return lambda: load.accepted() >= goal


def test_frozen_broker_503_in_time_then_at_once_then_recovery(
    stack: Stack, oracle: Oracle, device: str, daemon: Daemon
) -> None:
    marks = oracle.log.ends(RAW)
    pid = daemon.process.pid if daemon.process else 0
    with Load(daemon.url, device, threads=8, rate=200) as load:
        wait_until(accepted_more(load, 100), 20, "load before the outage")
        with frozen(stack):
            open_breakers(daemon, device)
            took = sorted(send(daemon, f"{device}-open", n)[1] for n in range(300))
            assert metric(daemon, "weir_producer_breaker_open") == workers_of(daemon)
        p99 = took[-3]
        print(f"breaker open: p50 {statistics.median(took) * 1e3:.1f} p99 {p99 * 1e3:.1f} ms")
        assert p99 < (1.0 if sanitized("ingest") else 0.1), f"p99 {p99:.3f} s"
        wait_until(lambda: is_ready(daemon.url), 20, "readiness to come back")
        wait_until(accepted_more(load, 100), 30, "load after the outage")
    assert metric(daemon, "weir_producer_breaker_open") == 0
    assert metric(daemon, "weir_refused_requests_total", reason="kafka_unavailable") >= 300
    assert daemon.process and daemon.process.pid == pid and not daemon.exited
    check_log(load, oracle, marks)


def test_killed_broker(stack: Stack, oracle: Oracle, device: str, daemon: Daemon) -> None:
    marks = oracle.log.ends(RAW)
    with Load(daemon.url, device, threads=8, rate=200) as load:
        wait_until(accepted_more(load, 100), 20, "load before the outage")
        stack.kill("kafka")
        open_breakers(daemon, device)
        assert max(send(daemon, f"{device}-open", n)[1] for n in range(20)) < 1
        stack.start("kafka")
        wait_until(accepted_more(load, 100), 60, "load after the outage")
    check_log(load, oracle, marks)


def test_slow_broker(stack: Stack, oracle: Oracle, device: str, daemon: Daemon) -> None:
    """It stands still again and again, each time for less than the timeout: all is only slower."""
    marks = oracle.log.ends(RAW)
    with Load(daemon.url, device, threads=16, rate=400) as load:
        for _ in range(8):
            wait_until(accepted_more(load, 20), 20, "load between the pauses")
            with frozen(stack):
                wait_until(
                    lambda: metric(daemon, "weir_producer_queue_messages") >= 8, 5, "a queue", 0.01
                )
        wait_until(accepted_more(load, 50), 20, "load after the pauses")
    statuses = Counter(attempt.status for attempt in load.attempts())
    assert set(statuses) == {200}, statuses
    check_log(load, oracle, marks)


def raw_answer(daemon: Daemon, head: str) -> str:
    """What comes back for a head whose body never comes."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as client:
        client.sendall(head.replace("\n", "\r\n").encode())
        return client.recv(4096).decode()


HEAD = "POST /ingest HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 500000\n"


def test_the_body_is_not_waited_for_when_there_is_no_broker(
    stack: Stack, device: str, daemon: Daemon
) -> None:
    assert raw_answer(daemon, HEAD + "Expect: 100-continue\n\n").startswith("HTTP/1.1 100")
    with frozen(stack):
        open_breakers(daemon, device)
        for expect in ("Expect: 100-continue\n", ""):
            answer = raw_answer(daemon, HEAD + expect + "\n")
            assert answer.startswith("HTTP/1.1 503"), answer
            assert "\r\nRetry-After: " in answer and "\r\nConnection: close\r\n" in answer
        for path in ("/healthz", "/metrics"):
            assert requests.get(daemon.url + path, timeout=5).status_code == 200


@contextmanager
def forty_waiting(stack: Stack, daemon: Daemon, device: str) -> Iterator[None]:
    """Forty readings wait for a broker that stands still; afterwards all have their answer."""
    threads = [threading.Thread(target=send, args=(daemon, f"{device}-{i}")) for i in range(40)]
    with frozen(stack):
        for thread in threads:
            thread.start()
        wait_until(
            lambda: metric(daemon, "weir_producer_queue_messages") == 40, 10, "40 on their way"
        )
        yield
    for thread in threads:
        thread.join()


def test_a_full_queue_refuses_at_once(stack: Stack, device: str) -> None:
    """Long before a timeout: the queue's room is what counts."""
    settings = {"DELIVERY_TIMEOUT": "30s", "QUEUE_MESSAGES": "40", "SHUTDOWN_TIMEOUT": "1s"}
    with Daemon(stack, "ingest", **settings) as daemon:
        daemon.start()
        assert metric(daemon, "weir_producer_queue_limit_messages") == 40
        with forty_waiting(stack, daemon, device):
            status, took = send(daemon, device)
            assert (status, took < 1) == (503, True), (status, took)
            assert raw_answer(daemon, HEAD + "\n").startswith("HTTP/1.1 503")
            assert metric(daemon, "weir_refused_requests_total", reason="queue_full") == 2
        wait_until(lambda: send(daemon, device)[0] == 200, 20, "room in the queue")


def patient_threads(daemon: Daemon) -> int:
    """Those that do not interrupt others when they wake up."""
    assert daemon.process
    threads = os.listdir(f"/proc/{daemon.process.pid}/task")
    return sum(os.sched_getscheduler(int(t)) == os.SCHED_BATCH for t in threads)


def test_the_producer_is_patient_while_there_is_much_to_send(stack: Stack, device: str) -> None:
    with Daemon(stack, "ingest", DELIVERY_TIMEOUT="30s") as daemon:
        daemon.start()
        assert send(daemon, device)[0] == 200
        assert patient_threads(daemon) == 0
        with forty_waiting(stack, daemon, device):
            pass
        assert patient_threads(daemon) >= 3

        def calm() -> bool:
            return send(daemon, device)[0] == 200 and patient_threads(daemon) == 0

        wait_until(calm, 20, "patience to end with the load")


def load_in_vain(url: str, pid: int) -> tuple[dict, int]:
    """What weir-load reports of 2,000 connections, and the daemon's highest resident size."""
    command = [str(program("load")), "--base-url", url, "--devices", "2000", "--json"]
    command += ["--connections", "2000", "--rps", "1.5", "--duration", "14s"]
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        while load.poll() is None:
            peak = max(peak, resident_bytes(pid))
            try:
                load.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        assert load.stdout
        return json.loads(load.stdout.read()), peak


def test_memory_stays_bounded_while_2000_clients_send_in_vain(stack: Stack, device: str) -> None:
    limit = 8 << 20
    settings = {"DELIVERY_TIMEOUT": "5s", "QUEUE_BYTES": "8MiB", "QUEUE_MESSAGES": "20000"}
    with Daemon(stack, "ingest", **settings) as daemon:
        daemon.start()
        assert daemon.process
        pid = daemon.process.pid
        before = resident_bytes(pid)
        with frozen(stack):
            report, peak = load_in_vain(daemon.url, pid)
        wait_until(lambda: is_ready(daemon.url), 20, "readiness to come back")
        assert send(daemon, device)[0] == 200
    print(f"RSS before {before >> 10} KiB, peak {peak >> 10} KiB; {report['status']}")
    assert set(report["status"]) == {"503"} and report["errors"]["total"] == 0, report
    assert report["latency_ms"]["max"] < (5 + MARGIN_S) * 1e3, report["latency_ms"]
    # Queue, librdkafka's record of each message, and 2,000 connections at 8 KiB.
    allowed = limit + 20_000 * 512 + 2_000 * 8192
    if not sanitized("ingest"):
        assert peak - before < allowed, f"{(peak - before) >> 20} MiB, allowed {allowed >> 20}"
