"""What the real daemons know and serve: asked of the binaries, not of documents."""

from __future__ import annotations

import functools
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("WEIR_BIN") or ROOT / "build/bin").resolve()
NAMES = ("ingest", "aggregator", "alerter", "dashboard")
# Read by a library and not by an option table: libmongoc then makes no shared memory.
OF_LIBRARIES = {"MONGOC_DISABLE_SHM"}
START_S = 90
NOWHERE = "127.0.0.1:1"  # a port on which nothing answers


@dataclass(frozen=True)
class Options:
    """The option table of one daemon."""

    names: frozenset[str]  # with aliases and, of secrets, NAME_FILE
    secrets: frozenset[str]


@functools.cache
def options(daemon: str) -> Options:
    names, secrets = set(), set()
    for bracket in re.findall(r"\[env: ([^\]]+)\]", run(daemon, {}, "--help").stdout):
        spelled = set(re.findall(r"\b[A-Z][A-Z0-9_]*[A-Z0-9]\b", bracket))
        names |= spelled
        if "reads it from a file" in bracket:
            secrets |= {n for n in spelled if not n.endswith("_FILE")}
    return Options(frozenset(names), frozenset(secrets))


def program(daemon: str) -> Path:
    return BIN / f"weir-{daemon}"


def run(daemon: str, env: dict[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    return _run(daemon, frozenset(env.items()), flags)


@functools.cache
def _run(daemon: str, env: frozenset[tuple[str, str]], flags: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(daemon), *flags], env=base() | dict(env), capture_output=True, text=True, timeout=120)


def base() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "MONGOC_DISABLE_SHM": "1"}


def listens_on(daemon: str, env: dict[str, str]) -> int:
    """The port that the daemon takes with this environment, whatever else is wrong with it."""
    listen = {k: v for k, v in env.items() if k == "LISTEN"}
    line = re.search(r"^LISTEN=\S*:(\d+)", run(daemon, listen, "--print-config").stdout, re.M)
    assert line, f"weir-{daemon} --print-config names no LISTEN"
    return int(line[1])


@functools.cache
def source_of(daemon: str) -> bytes:
    return program(daemon).read_bytes()


def names_group(daemon: str, group: str) -> bool:
    """The program has this constant: the consumer group is no setting."""
    return b"\0" + group.encode() + b"\0" in source_of(daemon)


class Running:
    """A started daemon whose broker and store are away, on a port of its own."""

    def __init__(self, daemon: str, env: dict[str, str]) -> None:
        self.daemon = daemon
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [program(daemon)],
            env=base() | env | {"LISTEN": f"127.0.0.1:{self.port}"},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def __enter__(self) -> Running:
        deadline = time.monotonic() + START_S
        while self.process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        self.__exit__()
        raise AssertionError(f"weir-{self.daemon} did not start: {self.output()}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@functools.cache
def answer(daemon: str, path: str) -> int:
    """The status a daemon answers to GET path while its broker and store are away."""
    return _running(daemon).get(path)[0]


@functools.cache
def metrics(daemon: str) -> frozenset[str]:
    """Every metric's name, once the daemon has looked for its broker or store for the first time."""
    deadline, found = time.monotonic() + START_S, set()
    while "weir_dependency_up" not in found and time.monotonic() < deadline:
        found = set(re.findall(r"^# TYPE (\S+)", _running(daemon).get("/metrics")[1], re.M))
        time.sleep(0.05)
    return frozenset(found)


_started: dict[str, Running] = {}


def _running(daemon: str) -> Running:
    """Started on the first question and kept: the answers do not depend on who asks."""
    if daemon not in _started:
        env = {"KAFKA_BOOTSTRAP_SERVERS": NOWHERE, "MONGO_URL": f"mongodb://{NOWHERE}/", "SHUTDOWN_TIMEOUT": "1s"}
        known = options(daemon).names
        _started[daemon] = Running(daemon, {k: v for k, v in env.items() if k in known}).__enter__()
    return _started[daemon]


def stop_all() -> None:
    for running in _started.values():
        running.process.kill()  # nothing is in flight, and nobody looks at how they end
        running.process.wait()
    _started.clear()
    answer.cache_clear()
    metrics.cache_clear()
