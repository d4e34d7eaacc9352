"""Running commands, and saying what went wrong with the end of their output."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """What was wrong, as one message for the user."""


def run(*command: object, cwd: Path = ROOT, timeout_s: float = 900) -> str:
    """Standard output; Failed with the last lines of both outputs unless the exit status is 0."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise Failed(f"{' '.join(words)[:200]}: exit {done.returncode}\n{tail}")
    return done.stdout


def can(*command: object) -> bool:
    try:
        run(*command, timeout_s=60)
    except (Failed, FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return True


def expect(truth: bool, what: str) -> None:
    if not truth:
        raise Failed(what)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
