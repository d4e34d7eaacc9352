"""Processors, processes and what the kernel says of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RUN = ROOT / ".run-bench"
TICK = os.sysconf("SC_CLK_TCK")

# What is measured has the first processor to itself; broker and generator share the last one.
MEASURED = "0"
OTHERS = str(max((os.cpu_count() or 1) - 1, 0))
ALL = f"{MEASURED}-{OTHERS}"  # where nothing is measured


def pinned(processor: str, command: list[str]) -> list[str]:
    return ["taskset", "-c", processor, *command]


def descendants(pid: int) -> list[int]:
    """The process and all that it started, so that a server of several processes counts whole."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, as the kernel accounts it."""
    total = 0
    for one in descendants(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mib(pid: int, field: str = "VmRSS") -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+)", status)
    return int(found.group(1)) / 1024 if found else 0.0


def run_json(command: list[str], processor: str) -> dict:
    """Runs a program that prints one line of JSON."""
    done = subprocess.run(pinned(processor, command), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {Path(command[0]).name} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)
