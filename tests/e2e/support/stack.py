"""The stack under test: tools/stack with a directory and ports of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from .ports import free_ports
from .wait import wait_until

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / "tools" / "stack"
DAEMONS = ("ingest", "aggregator", "alerter", "dashboard")
INFRASTRUCTURE = ("kafka", "store")
SERVICES = INFRASTRUCTURE + DAEMONS

# Anything else in the caller's environment (say, from `tools/stack env`) would reach the daemons
# and point them at the demo.
KEPT_ENVIRONMENT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "WEIR_BIN", "BREAKAGE"),
    *("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"),
)

# The shortest session that the broker allows, so that a killed consumer is missed early.
TUNING = {"KAFKA_OPT_session_timeout_ms": "6000", "KAFKA_OPT_heartbeat_interval_ms": "1000"}
# Nobody waits a minute for an hour.
TUNING |= {"ROLLUP_INTERVAL": "300ms", "ROLLUP_OVERLAP": "20s"}


# A broker and a store that somebody else runs, named by KAFKA_BOOTSTRAP_SERVERS and MONGO_URL. Said
# apart from these, which may be in the environment for the demo's sake.
EXTERNAL = os.environ.get("E2E_EXTERNAL") == "1"


def binaries() -> Path:
    return Path(os.environ.get("WEIR_BIN") or ROOT / "build" / "bin").resolve()


def clean_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}


class Stack:
    """One instance. Everything is done by tools/stack, as a user would do it."""

    def __init__(self, run: Path) -> None:
        self.run = run
        *ports, behind, proxy = free_ports(len(SERVICES) + 2)
        self.ports = dict(zip(SERVICES, ports, strict=True))
        # The broker's other listener, and the port of the proxy that its clients must use.
        self.kafka_proxied, self.kafka_proxy_port = ("127.0.0.1", behind), proxy
        self.env = clean_environment() | TUNING | {"WEIR_RUN": str(run)}
        self.env |= {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.env |= {"KAFKA_PROXIED_PORT": str(behind), "KAFKA_PROXY_PORT": str(proxy)}
        self.kafka = f"127.0.0.1:{self.ports['kafka']}"
        self.mongo = f"mongodb://127.0.0.1:{self.ports['store']}"
        if EXTERNAL:
            self.kafka, self.mongo = os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["MONGO_URL"]
            self.env |= {"KAFKA_BOOTSTRAP_SERVERS": self.kafka, "MONGO_URL": self.mongo}

    def url(self, daemon: str) -> str:
        return f"http://127.0.0.1:{self.ports[daemon]}"

    @property
    def ingest(self) -> str:
        return self.url("ingest")

    @property
    def dashboard(self) -> str:
        return self.url("dashboard")

    def popen(self, *args: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(TOOL), *args],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def tool(
        self, *args: str, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        self.needs_own(*args)
        process = self.popen(*args, **env)
        output, _ = process.communicate(timeout=150)
        done = subprocess.CompletedProcess(args, process.returncode, output)
        if check:
            assert done.returncode == 0, f"tools/stack {' '.join(args)}:\n{output}"
        return done

    def needs_own(self, *names: str) -> None:
        """Skips the test when it would stop a broker or a store that is not ours."""
        if EXTERNAL and set(names) & set(INFRASTRUCTURE):
            pytest.skip("broker and store are not ours to stop")

    def up(self) -> None:
        self.tool("up")

    def down(self) -> None:
        self.tool("down")

    def start(self, *names: str, **env: str) -> None:
        self.tool("start", *names, **env)

    def stop(self, *names: str) -> None:
        self.tool("stop", *names)

    def kill(self, *names: str) -> None:
        self.tool("stop", *names, "--kill")

    def pause(self, *names: str) -> None:
        self.tool("pause", *names)

    def resume(self, *names: str) -> None:
        self.tool("resume", *names)

    def status(self) -> dict[str, dict]:
        return json.loads(self.tool("status", "--json", check=False).stdout)

    def pid(self, name: str) -> int:
        return int((self.run / f"{name}.pid").read_text().split()[0])

    def ready(self) -> bool:
        return all(is_ready(self.url(name)) for name in DAEMONS)

    def heal(self) -> None:
        """Puts everything back that a test has stopped or frozen."""
        if self.ready():
            return
        for name in SERVICES:
            try:
                os.kill(self.pid(name), signal.SIGCONT)
            except (FileNotFoundError, ProcessLookupError):
                continue
        self.tool("up")
        wait_until(self.ready, 30, lambda: f"every daemon ready: {self.status()}")


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
