"""Resident memory: many idle connections, and a load that goes on."""

from __future__ import annotations

import resource
import socket
import subprocess
from pathlib import Path

from support.wait import let_pass

from . import machine, server
from .burst import load_command
from .goals import Row, at_most

IDLE = 10000
LIMIT_MIB = 32
FLAT_MIB = 1.0
DEVICES = 1000
RATE = 8000  # readings a second


def connect_idle(one: server.Server) -> list[socket.socket]:
    """Each has sent a request and had its answer: a device that is between two readings."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + 100
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    request = b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n"
    sockets = []
    for _ in range(IDLE):
        s = socket.create_connection(("127.0.0.1", one.port), timeout=10)
        s.sendall(request)
        sockets.append(s)
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise SystemExit("bench: an idle connection was refused")
    return sockets


def growth(samples: list[float]) -> float:
    """How much more the last third took than the middle one, MiB."""
    third = len(samples) // 3
    return max(samples[2 * third :]) - max(samples[third : 2 * third])


def sample(build: Path, one: server.Server, seconds: float) -> list[float]:
    command = load_command(build, one, DEVICES, RATE / DEVICES, seconds)
    load = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    samples = []
    while load.poll() is None:
        samples.append(machine.memory_mib(one.pid))
        let_pass(max(seconds / 300, 0.1))
    if load.returncode != 0:
        raise SystemExit("bench: the load of the memory row failed")
    return samples


def measure(build: Path, env: dict[str, str], seconds: float) -> list[Row]:
    one = server.ingest(build, env, "ingest-memory")
    try:
        idle = connect_idle(one)
        resting = machine.memory_mib(one.pid)
        samples = sample(build, one, seconds)
        for s in idle:
            s.close()
    finally:
        one.stop()
    more = growth(samples)
    return [
        at_most(
            f"memory, {IDLE} idle connections",
            f"< {LIMIT_MIB} MiB resident, budgets apart",
            resting,
            LIMIT_MIB,
            f"{resting:.1f} MiB",
        ),
        at_most(
            f"memory, {RATE} readings/s for {seconds:.0f} s beside them",
            f"flat: last third <= middle third + {FLAT_MIB:.0f} MiB",
            more,
            FLAT_MIB,
            f"{more:+.2f} MiB (at most {max(samples):.1f})",
        ),
    ]
