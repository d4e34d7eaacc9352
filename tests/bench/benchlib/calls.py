"""System calls a request, counted by strace while a bounded burst runs."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

from support.wait import came_true

from . import machine
from .burst import NDJSON, PIPELINED, SINGLE, Shape, read_wrk, wrk_command
from .goals import Row
from .server import Server

SECONDS = 2
ATTACH_SECONDS = 10
SHOWN = 5  # of the most frequent calls


def all_traced(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task").glob("*/status")
    return all(re.search(r"TracerPid:\s+[1-9]", t.read_text()) for t in tasks)


def attach(server: Server, out: Path) -> subprocess.Popen:
    command = ["strace", "-c", "-f", "-qq", "-o", str(out), "-p", str(server.pid)]
    tracer = subprocess.Popen(machine.pinned(machine.OTHERS, command), stderr=subprocess.PIPE)
    came_true(lambda: tracer.poll() is not None or all_traced(server.pid), ATTACH_SECONDS)
    if tracer.poll() is None and all_traced(server.pid):
        return tracer
    tracer.kill()
    raise PermissionError(tracer.stderr.read().decode().strip())


def read_counts(text: str) -> dict[str, int]:
    """Calls by name: the fourth column of strace's table, and the last."""
    found = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", text, re.M)
    return {name: int(calls) for calls, name in found if name != "total"}


def count(server: Server, shape: Shape) -> tuple[int, dict[str, int]]:
    """Requests of the burst, and the calls of all threads meanwhile."""
    out = machine.RUN / "strace.txt"
    tracer = attach(server, out)
    command = machine.pinned(machine.OTHERS, wrk_command(server.url, shape, SECONDS))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    return read_wrk("strace", done.stdout)["requests"], read_counts(out.read_text())


def row(server: Server, name: str, shape: Shape) -> Row:
    requests, calls = count(server, shape)
    most = sorted(calls, key=calls.get, reverse=True)[:SHOWN]
    parts = ", ".join(f"{n} {calls[n] / requests:.2f}" for n in most)
    total = sum(calls.values()) / requests
    return Row(f"system calls a request, {name}", "-", f"{total:.2f} ({parts})")


def measure(server: Server) -> list[Row]:
    """Tracing slows the measured process, so more requests share a wake-up than without it."""
    if not shutil.which("strace"):
        return [Row("system calls a request", "-", "not available: strace is not installed")]
    shapes = {"single": SINGLE, "10 pipelined": PIPELINED, "NDJSON of 100": NDJSON}
    try:
        return [row(server, name, shape) for name, shape in shapes.items()]
    except PermissionError as e:
        return [Row("system calls a request", "-", f"not available: {e}")]
