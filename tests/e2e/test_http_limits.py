"""Clients that are slow, idle, greedy, vanished or too many, against a daemon of their own."""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
from support import metrics_text
from support.daemon import Daemon, sanitized
from support.readings import reading
from support.stack import Stack
from support.wait import wait_until

IDLE, SLOW = 5000, 2000
REQUESTS = 400
FLOOR_S = 0.25  # below it a slow answer says more of the machine than of the daemon
BYTES_A_CONNECTION = 4 * 1024
SPARE_DESCRIPTORS = 20


def post(body: bytes, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return b"POST /ingest HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


def dial(daemon: Daemon, source: str = "127.0.0.1") -> socket.socket:
    address = ("127.0.0.1", daemon.port)
    return socket.create_connection(address, timeout=10, source_address=(source, 0))


def read_to_end(connection: socket.socket) -> bytes:
    chunks = []
    while chunk := connection.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def pid_of(daemon: Daemon) -> int:
    assert daemon.process
    return daemon.process.pid


def resident_bytes(daemon: Daemon) -> int:
    pages = int(Path(f"/proc/{pid_of(daemon)}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_s(daemon: Daemon) -> float:
    fields = Path(f"/proc/{pid_of(daemon)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{pid_of(daemon)}/fd"))


def gauge(daemon: Daemon, name: str) -> float:
    text = requests.get(f"{daemon.url}/metrics", timeout=10).text
    return next(s.value for s in metrics_text.parse(text) if s.name == name)


def must_take(daemon: Daemon, device: str) -> requests.Response:
    answer = requests.post(f"{daemon.url}/ingest", json=reading(device), timeout=15)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    return answer


def worst_but_one_percent(daemon: Daemon, device: str) -> float:
    """The p99 of requests one after the other, in seconds; each must be answered 200."""
    took = []
    with requests.Session() as session:
        for i in range(REQUESTS):
            item = reading(device, seq=i)
            start = time.perf_counter()
            answer = session.post(f"{daemon.url}/ingest", json=item, timeout=15)
            took.append(time.perf_counter() - start)
            assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    return sorted(took)[int(REQUESTS * 0.99)]


@contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= count, f"at most {hard} descriptors here"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def idle_ones(
    daemon: Daemon, count: int, closing: ExitStack, source: str = "127.0.0.1"
) -> list[socket.socket]:
    """Each has been served once, so it may keep silent for a minute."""
    idle = []
    for _ in range(count):
        connection = closing.enter_context(dial(daemon, source))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        idle.append(connection)
    for connection in idle:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    return idle


def slow_ones(daemon: Daemon, count: int, closing: ExitStack) -> list[socket.socket]:
    """In the middle of a body that has half a minute to come."""
    slow = [closing.enter_context(dial(daemon)) for _ in range(count)]
    for connection in slow:
        connection.sendall(post(b"{", 20000))
    return slow


@contextmanager
def dripping(slow: list[socket.socket]) -> Iterator[None]:
    done = threading.Event()

    def drip() -> None:
        at = 0
        while not done.wait(0.002):
            slow[at % len(slow)].send(b" ")
            at += 1

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_slow_and_idle_clients_hinder_nobody(stack: Stack, device: str) -> None:
    with many_descriptors(IDLE + SLOW + 500), Daemon(stack, "ingest") as daemon:
        daemon.start()
        alone = worst_but_one_percent(daemon, f"{device}-alone")
        before = resident_bytes(daemon)
        with ExitStack() as closing:
            slow = slow_ones(daemon, SLOW, closing)
            idle_ones(daemon, IDLE, closing)
            with dripping(slow):
                crowded = worst_but_one_percent(daemon, f"{device}-crowded")
            connections = descriptors(daemon)
            grown = resident_bytes(daemon) - before
        print(
            f"p99 {alone * 1e3:.1f} ms alone, {crowded * 1e3:.1f} ms among {IDLE + SLOW} others; "
            f"resident {before >> 20} MiB and {grown >> 20} MiB for them"
        )
        assert connections > IDLE + SLOW, "some were not there any more"
        assert crowded < max(5 * alone, FLOOR_S)
        if not sanitized("ingest"):
            assert grown < (IDLE + SLOW) * BYTES_A_CONNECTION
        wait_until(lambda: gauge(daemon, "active_requests") <= 1, 15, "requests left in flight")
        assert daemon.terminate() == 0, daemon.tail()


def test_without_descriptors_it_waits_and_goes_on(stack: Stack, device: str) -> None:
    with Daemon(stack, "ingest") as daemon:
        daemon.start()
        must_take(daemon, device)
        limit = descriptors(daemon) + SPARE_DESCRIPTORS
        resource.prlimit(pid_of(daemon), resource.RLIMIT_NOFILE, (limit, limit))
        with ExitStack() as closing:
            for _ in range(3 * SPARE_DESCRIPTORS):
                closing.enter_context(dial(daemon))
            wait_until(lambda: descriptors(daemon) >= limit, 10, "out of descriptors")
            start, spent = time.monotonic(), cpu_s(daemon)
            wait_until(lambda: time.monotonic() - start > 2, 5, "the end of the measurement")
            spent = cpu_s(daemon) - spent
            assert descriptors(daemon) >= limit
        print(f"{spent:.2f} s of CPU in 2 s without descriptors")
        assert spent < 0.5, f"{spent:.2f} s of CPU time for nothing"
        must_take(daemon, device)


def test_half_closed_clients_get_their_answer(stack: Stack, device: str) -> None:
    body = json.dumps(reading(device)).encode()
    with Daemon(stack, "ingest") as daemon:
        daemon.start()
        for _ in range(20):
            with dial(daemon) as connection:
                connection.sendall(post(body))
                connection.shutdown(socket.SHUT_WR)
                answer = read_to_end(connection)
            assert answer.startswith(b"HTTP/1.1 200 "), answer


def test_vanished_clients_leave_nothing_behind(stack: Stack, device: str) -> None:
    body = json.dumps(reading(device)).encode()
    with Daemon(stack, "ingest") as daemon:
        daemon.start()
        quiet = descriptors(daemon)
        for _ in range(50):
            for request in (post(body[:9], len(body)), post(body), post(body)[:12]):
                connection = dial(daemon)
                connection.sendall(request)
                reset(connection)
        wait_until(lambda: gauge(daemon, "active_requests") <= 1, 15, "requests left in flight")
        wait_until(lambda: descriptors(daemon) <= quiet + 2, 15, "connections left open")
        must_take(daemon, device)
        assert daemon.terminate() == 0, daemon.tail()


def test_one_address_gets_no_more_than_its_share(stack: Stack, device: str) -> None:
    with Daemon(stack, "ingest", MAX_CONNECTIONS_PER_ADDRESS="3") as daemon:
        daemon.start()
        quiet = descriptors(daemon)
        with ExitStack() as closing:
            # An address of their own: the look at /readyz may still be open.
            idle_ones(daemon, 3, closing, "127.0.0.2")
            with dial(daemon, "127.0.0.2") as refused:
                answer = read_to_end(refused)
            head, _, problem = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 429 "), answer
            assert b"\r\nRetry-After: " in head
            assert json.loads(problem)["code"] == "too_many_connections"
        wait_until(lambda: descriptors(daemon) <= quiet, 10, "the end of those connections")
        must_take(daemon, device)


def test_no_more_in_flight_than_allowed(stack: Stack, device: str) -> None:
    with Daemon(stack, "ingest", MAX_IN_FLIGHT="1") as daemon:
        daemon.start()
        must_take(daemon, device)
        stack.pause("kafka")
        with dial(daemon) as first, dial(daemon) as second:
            first.sendall(post(json.dumps(reading(device)).encode()))
            wait_until(lambda: gauge(daemon, "active_requests") >= 2, 5, "a request in flight")
            second.sendall(post(b"{", 500000))  # its body is not waited for
            answer = read_to_end(second)
            assert requests.get(f"{daemon.url}/healthz", timeout=5).status_code == 200
            stack.resume("kafka")
            assert first.recv(4096).startswith(b"HTTP/1.1 "), "no answer to the first"
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"\r\nRetry-After: " in answer and b"too many requests are in flight" in answer


def test_it_says_goodbye_before_it_leaves(stack: Stack, device: str) -> None:
    """During the delay of a shutdown no request meets a closed socket."""
    with Daemon(stack, "ingest", SHUTDOWN_DELAY="3s") as daemon:
        daemon.start()
        with requests.Session() as session:
            kept = session.post(f"{daemon.url}/ingest", json=reading(device), timeout=15)
            assert kept.headers.get("Connection") is None
            assert daemon.process
            daemon.process.terminate()
            wait_until(
                lambda: requests.get(f"{daemon.url}/readyz", timeout=5).status_code == 503,
                2.5,
                "not ready, and still there",
            )
            kept = session.post(f"{daemon.url}/ingest", json=reading(device), timeout=15)
        assert kept.status_code == 200
        assert kept.headers.get("Connection") == "close"
        assert must_take(daemon, device).headers.get("Connection") == "close"
        assert daemon.process.wait(30) == 0, daemon.tail()
