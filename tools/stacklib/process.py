"""Processes by pid file: start detached, signal, stop; never touches a process that is not ours."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .settings import write_atomically

LOG_LIMIT_BYTES = 64 << 20


@dataclass(frozen=True)
class Process:
    """A process that we started. The start time tells it from a later one with the same pid."""

    pid: int
    start_ticks: int  # field 22 of /proc/PID/stat: clock ticks after boot
    port: int
    log_offset: int  # where its part of the log begins

    @property
    def outdated(self) -> bool:
        """Its program file was replaced since it started: it was built anew."""
        try:
            return os.readlink(f"/proc/{self.pid}/exe").endswith(" (deleted)")
        except OSError:
            return False

    @property
    def alive(self) -> bool:
        stat = _stat(self.pid)
        return stat is not None and stat.start_ticks == self.start_ticks and not stat.dead

    @property
    def paused(self) -> bool:
        stat = _stat(self.pid)
        return stat is not None and stat.state == "T"

    @property
    def uptime_s(self) -> float:
        now = float(Path("/proc/uptime").read_text().split()[0])
        return now - self.start_ticks / os.sysconf("SC_CLK_TCK")

    def signal(self, number: signal.Signals) -> None:
        """Sends nothing when the process is gone, even if another one has its pid by now."""
        try:
            # The pidfd pins the process first; only then is it compared with the pid file.
            fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive:
                signal.pidfd_send_signal(fd, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(fd)

    def wait_gone(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.alive:
            if time.monotonic() > deadline:
                return False
            _reap(self.pid)
            time.sleep(0.02)
        return True


class PidFile:
    """DIR/NAME.pid: "pid start_ticks port log_offset". It exists from a start until the stop."""

    def __init__(self, run: Path, name: str) -> None:
        self.path = run / f"{name}.pid"
        self.log = run / "log" / f"{name}.log"
        self._lock = run / "log" / f".{name}.lock"

    def read(self) -> Process | None:
        try:
            return Process(*map(int, self.path.read_text().split()))
        except (FileNotFoundError, TypeError, ValueError):
            return None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps two stack commands from starting or stopping the same service at once."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def spawn(self, argv: list[str], env: dict[str, str], port: int) -> Process:
        """Starts argv detached (own session, no stdin), its output appended to the log."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            offset = log.tell()
            child = subprocess.Popen(
                argv,
                env=env,
                cwd=self.path.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child.returncode = 0  # it outlives us on purpose: no "still running" warning
        stat = _stat(child.pid)
        process = Process(child.pid, stat.start_ticks if stat else 0, port, offset)
        write_atomically(self.path, f"{process.pid} {process.start_ticks} {port} {offset}\n")
        return process

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def log_tail(self, process: Process, lines: int = 15) -> list[str]:
        """The last lines that this process (not an earlier one) wrote."""
        try:
            with self.log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(min(process.log_offset, size), size - 65536))
                return log.read().decode(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []


@dataclass(frozen=True)
class _Stat:
    state: str
    start_ticks: int
    threads: int

    @property
    def dead(self) -> bool:
        """A zombie counts as dead (whoever inherited it may never reap it), but not before its
        last thread is gone: until then it still holds its ports and file locks."""
        return self.state in "ZX" and self.threads <= 1


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name (field 2) may hold spaces and parentheses; field 3 follows the last one.
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(state=fields[0], start_ticks=int(fields[19]), threads=int(fields[17]))


def _reap(pid: int) -> None:
    """Only matters for our own children, those started by this very command."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
