"""A program under test, with a processor to itself."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
from pathlib import Path

from support.ports import free_port
from support.wait import came_true

from . import machine


class Server:
    """Runs from its construction until stop()."""

    def __init__(
        self,
        name: str,
        command: list[str],
        port: int,
        env: dict[str, str],
        processor: str = machine.MEASURED,
    ) -> None:
        self.name, self.port = name, port
        self.log = machine.RUN / f"{name.replace(' ', '-')}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                machine.pinned(processor, command),
                env=os.environ | env,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self, path: str | None) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.connect()
            if path:
                connection.request("GET", path)
                return connection.getresponse().status == 200
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait(self, path: str | None = None, seconds: float = 30) -> Server:
        """Until it takes connections, and answers 200 on `path` if one is given."""
        came_true(lambda: self.ended or self.answers(path), seconds)
        if self.ended or not self.answers(path):
            self.stop()
            raise SystemExit(f"bench: {self.name} is not ready; see {self.log}")
        return self

    def stop(self) -> None:
        if not self.ended:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def yardstick(build: Path, name: str) -> Server:
    port = free_port()
    return Server(name, [str(build / "bench" / name), str(port)], port, {}).wait()


def ingest(build: Path, env: dict[str, str], name: str = "weir-ingest") -> Server:
    port = free_port()
    own = env | {"LISTEN": f"127.0.0.1:{port}"}
    return Server(name, [str(build / "bin/weir-ingest")], port, own).wait("/readyz")
