"""How much memory ingest takes: little for each connection, and none more as time goes on."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.daemon import Daemon, program
from support.process import resident_bytes
from support.stack import Stack

LONG = os.environ.get("WEIR_E2E_LONG", "") not in ("", "0")
IDLE = 10_000
IDLE_LIMIT = 32 << 20
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

pytestmark = pytest.mark.plain


@contextmanager
def descriptors(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        pytest.skip(f"only {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("workers", [1, 3])
def test_ten_thousand_idle_connections_fit_into_32_mib(stack: Stack, workers: int) -> None:
    with Daemon(stack, "ingest", WORKERS=str(workers)) as daemon, descriptors(IDLE + 200):
        daemon.start()
        assert daemon.process
        pid, clients = daemon.process.pid, []
        before = resident_bytes(pid)
        try:
            for _ in range(IDLE):
                clients.append(socket.create_connection(("127.0.0.1", daemon.port), timeout=10))
            for client in clients:
                client.sendall(GET)
                assert client.recv(4096).startswith(b"HTTP/1.1 200")
            after = resident_bytes(pid)
        finally:
            for client in clients:
                client.close()
    each = (after - before) / IDLE
    print(f"RSS {before >> 10} KiB, with {IDLE} connections {after >> 10} KiB: {each:.0f} B each")
    assert after < IDLE_LIMIT


@pytest.mark.skipif(not LONG, reason="two minutes; WEIR_E2E_LONG=1")
def test_memory_is_flat_under_load(stack: Stack) -> None:
    with Daemon(stack, "ingest", WORKERS="2") as daemon:
        daemon.start()
        assert daemon.process
        command = [str(program("load")), "--base-url", daemon.url, "--devices", "1000"]
        command += ["--rps", "2", "--connections", "200", "--duration", "2m", "--json"]
        seen: list[int] = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
            begun = time.monotonic()
            while load.poll() is None:
                try:
                    load.wait(max(0.0, begun + 10 * (len(seen) + 1) - time.monotonic()))
                except subprocess.TimeoutExpired:
                    seen.append(resident_bytes(daemon.process.pid))
            assert load.stdout
            accepted = json.loads(load.stdout.read())["accepted"]
    print(f"{accepted} readings; RSS every 10 s, KiB:", [size >> 10 for size in seen])
    assert accepted > 100_000, "hardly a load"
    assert seen[-1] - seen[1] < 2 << 20, seen
