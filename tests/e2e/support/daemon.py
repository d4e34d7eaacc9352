"""One daemon as a child of the test: for its exit status, its output, and second instances."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from .ports import free_port
from .stack import TUNING, Stack, binaries, clean_environment, is_ready
from .wait import wait_until


class Daemon:
    """A daemon beside those of the stack, with its own port, on the stack's broker and store."""

    def __init__(self, stack: Stack, name: str, **env: str) -> None:
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = stack.run / "log" / f"second-{name}-{self.port}.log"
        self.env = clean_environment() | TUNING
        self.env |= {
            "KAFKA_BOOTSTRAP_SERVERS": stack.kafka,
            "MONGO_URL": stack.mongo,
            "LISTEN": f"127.0.0.1:{self.port}",
            "MONGOC_DISABLE_SHM": "1",
        }
        self.env |= env
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, wait_ready: bool = True) -> Daemon:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(program(self.name))],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait_ready:
            wait_until(lambda: self.exited or is_ready(self.url), 30, self.tail)
            assert not self.exited, f"{self.name} ended: {self.tail()}"
        return self

    @property
    def exited(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @property
    def has_said_started(self) -> bool:
        assert self.process
        return f'"pid":{self.process.pid}}}' in self.log.read_text(errors="replace")

    def tail(self) -> str:
        return f"{self.log}: " + self.log.read_text(errors="replace")[-2000:]

    def terminate(self, deadline_s: float = 30) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline_s)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.exited:
            self.kill()


def program(name: str) -> Path:
    return binaries() / f"weir-{name}"


def sanitized(name: str) -> bool:
    """Built with a sanitizer: then memory and times say nothing."""
    data = program(name).read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data or b"__ubsan_handle" in data


def run(name: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A daemon that ends by itself."""
    return run_path(program(name), *args, **env)


def run_path(path: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself."""
    return subprocess.run(
        [str(path), *args],
        env=clean_environment() | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
