"""What a container engine and a service manager see: --probe, and the datagrams of sd_notify."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from support.daemon import Daemon, run
from support.ports import free_port
from support.stack import DAEMONS, Stack
from support.wait import wait_until


@pytest.mark.parametrize("name", DAEMONS)
def test_probe_of_a_healthy_daemon_exits_0(stack: Stack, name: str) -> None:
    for path in ("/healthz", "/readyz"):
        done = run(name, "--probe", stack.url(name) + path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        port = stack.ports[name]
        done = run(name, "--probe", path, LISTEN=f"0.0.0.0:{port}")
        assert (done.returncode, done.stderr) == (0, ""), "a path is asked at LISTEN"


@pytest.mark.parametrize("name", DAEMONS)
def test_probe_tells_what_is_wrong(stack: Stack, name: str) -> None:
    port = free_port()
    nobody = run(name, "--probe", f"http://127.0.0.1:{port}/healthz")
    assert nobody.returncode == 1
    refused = f"cannot ask 127.0.0.1 port {port}: Connection refused"
    assert nobody.stderr == f"weir-{name}: --probe: {refused}\n"
    missing = run(name, "--probe", stack.url(name) + "/no-such-page")
    assert missing.returncode == 1
    assert "/no-such-page answered 404: " in missing.stderr
    usage = run(name, "--probe", "https://127.0.0.1/")
    assert usage.returncode == 2
    assert "http://ADDRESS:PORT/PATH" in usage.stderr


class Manager:
    """A service manager's end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def was_told(self, line: str) -> bool:
        try:
            while True:
                self.told += self.socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return line in self.told

    def wait_for(self, line: str) -> None:
        wait_until(lambda: self.was_told(line), 20, lambda: f"{line} in {self.told}")


@pytest.mark.parametrize("name", DAEMONS)
def test_a_service_manager_is_told(stack: Stack, name: str, tmp_path: Path) -> None:
    manager = Manager(tmp_path / "notify")
    with Daemon(stack, name, NOTIFY_SOCKET=str(manager.path)) as daemon:
        daemon.start(wait_ready=False)
        manager.wait_for("READY=1")
        manager.wait_for("STATUS=ready")
        manager.wait_for("WATCHDOG=1")
        assert daemon.terminate() == 0
    manager.wait_for("STOPPING=1")
    assert manager.told.index("READY=1") < manager.told.index("STOPPING=1")


def test_ready_for_the_manager_while_kafka_is_away(stack: Stack, tmp_path: Path) -> None:
    """A daemon whose dependency is away runs, and must not be killed for it."""
    manager = Manager(tmp_path / "notify")
    away = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "NOTIFY_SOCKET": str(manager.path)}
    with Daemon(stack, "ingest", **away) as daemon:
        daemon.start(wait_ready=False)
        manager.wait_for("READY=1")
        manager.wait_for("STATUS=waits for kafka")
        not_ready = run("ingest", "--probe", daemon.url + "/readyz")
        assert not_ready.returncode == 1
        assert '/readyz answered 503: {"status":"not ready"' in not_ready.stderr
        assert run("ingest", "--probe", daemon.url + "/healthz").returncode == 0
        assert daemon.terminate() == 0
