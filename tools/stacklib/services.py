"""The six services: how each is prepared, started, probed and stopped."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import probe
from .process import PidFile, Process
from .settings import HOST, PORTS, ROOT, Settings, StackError, write_atomically

DEPS = ROOT / ".deps"
KAFKA_FILES = ROOT / "tools" / "kafka"
# The C1 compiler and the serial collector: ready in 2 s and small; throughput is not the point.
JAVA = ["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


@dataclass
class Service:
    """One name of `stack status`; the subclasses know the program behind it."""

    name: str
    settings: Settings
    ready_timeout_s = 30.0
    stop_timeout_s = 15.0

    def __post_init__(self) -> None:
        self.pid_file = PidFile(self.settings.run, self.name)

    @property
    def port(self) -> int:
        return self.settings.ports[self.name]

    @property
    def external(self) -> bool:
        return self.name in self.settings.external

    def command(self) -> list[str]:
        """The program and its arguments; whatever it needs on disk is made before it returns."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def probe(self) -> None:
        """Raises NotReady."""
        raise NotImplementedError

    def running(self) -> Process | None:
        process = self.pid_file.read()
        return process if process and process.alive else None

    def start(self) -> tuple[Process, bool]:
        """Returns the process and whether it is new. Does not wait until it is ready."""
        with self.pid_file.locked():
            process = self.running()
            if process:
                if process.port != self.port:
                    raise StackError(
                        f"{self.name} runs on port {process.port}, not {self.port}: stop it first, "
                        "or use another WEIR_RUN"
                    )
                return process, False
            if not probe.port_is_free(self.port):
                raise StackError(
                    f"{self.name}: port {self.port} is taken by {probe.port_holder(self.port)}; "
                    f"stop that, or choose another with {PORTS[self.name][0]}"
                )
            return self.pid_file.spawn(self.command(), self.environment(), self.port), True

    def wait_ready(self, process: Process) -> None:
        """Raises StackError with the reason and the end of the log."""
        deadline = time.monotonic() + self.ready_timeout_s
        while True:
            try:
                self.probe()
                return
            except probe.NotReady as reason:
                if not process.alive:
                    raise StackError(self._failure("ended while starting", process)) from None
                if process.paused:
                    raise StackError(
                        f"{self.name} is paused: tools/stack resume {self.name}"
                    ) from None
                if time.monotonic() > deadline:
                    message = f"not ready after {self.ready_timeout_s:.0f} s: {reason}"
                    raise StackError(self._failure(message, process)) from None
            time.sleep(0.05)

    def _failure(self, message: str, process: Process) -> str:
        tail = "".join(f"\n    {line}" for line in self.pid_file.log_tail(process))
        return f"{self.name} {message}\n  {self.pid_file.log} ends with:{tail or ' (nothing)'}"


class Kafka(Service):
    ready_timeout_s = 60.0

    def probe(self) -> None:
        probe.kafka(self.settings.kafka_url)

    def command(self) -> list[str]:
        if not (DEPS / "kafka" / ".stamp").exists():
            raise StackError("the broker is not installed: run tools/setup")
        data = self.settings.run / "data" / "kafka"
        if not data.exists():
            self._format(data)
        config = self._write_config(self.settings.run / "kafka.properties", data)
        return [*self._java(), "kafka.Kafka", str(config)]

    def _java(self) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={KAFKA_FILES / 'log4j2.xml'}"
        return [*JAVA, log4j, "-cp", f"{DEPS / 'kafka'}/*"]

    def _write_config(self, path: Path, data: Path) -> Path:
        controller = self._controller_port()
        listens, named = [f"PLAINTEXT://{HOST}:{self.port}"], [f"PLAINTEXT://{HOST}:{self.port}"]
        if self.settings.kafka_proxied:
            behind, proxy = self.settings.kafka_proxied
            listens.append(f"PROXIED://{HOST}:{behind}")
            named.append(f"PROXIED://{HOST}:{proxy}")
        write_atomically(
            path,
            (KAFKA_FILES / "server.properties").read_text()
            + f"\n# From tools/stack\nlog.dirs={data}\n"
            + f"listeners={','.join(listens)},CONTROLLER://{HOST}:{controller}\n"
            + f"advertised.listeners={','.join(named)}\n"
            + f"controller.quorum.voters=1@{HOST}:{controller}\n",
        )
        return path

    def _controller_port(self) -> int:
        """Remembered, as long as it is free. With a static quorum of one it may change."""
        path = self.settings.run / "kafka.controller-port"
        candidates = [int(path.read_text())] if path.exists() else []
        first = self.port + 10000 if self.port < 50000 else self.port - 10000
        candidates += range(first, first + 100)
        for port in candidates:
            if port not in self.settings.ports.values() and probe.port_is_free(port):
                write_atomically(path, f"{port}\n")
                return port
        raise StackError(f"kafka: no free port for its controller in {first}..{first + 99}")

    def _format(self, data: Path) -> None:
        """Beside the final place, then renamed: an interrupted format leaves no half-made log."""
        new = data.with_name("kafka.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        config = self._write_config(self.settings.run / "kafka.format.properties", new)
        # "w" first: an id that began with "-" would be taken for an option.
        cluster_id = "w" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        done = subprocess.run(
            [
                *self._java(),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                cluster_id,
                "-c",
                str(config),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        config.unlink()
        if done.returncode != 0:
            raise StackError(f"kafka: formatting {new} failed:\n{done.stdout}{done.stderr}")
        new.rename(data)


class Store(Service):
    ready_timeout_s = 60.0

    def probe(self) -> None:
        probe.store(self.settings.mongo_url)

    def command(self) -> list[str]:
        program = DEPS / "store" / "secantusdb.scripts" / "secantusd-rs"
        if not program.exists():
            raise StackError("the store is not installed: run tools/setup")
        data = self.settings.run / "data" / "store"
        data.mkdir(parents=True, exist_ok=True)
        config = self.settings.run / "store.toml"
        write_atomically(config, "# Empty on purpose: tools/stack sets everything by flags.\n")
        argv = [
            str(program),
            *("--config", str(config)),  # not some secantusd.toml that lies about
            *("--host", HOST, "--port", str(self.port)),
            *("--storage-path", str(data)),
            *("--cache-size", "1G"),
            *("--log-file-max", "128MB"),  # a restart in 2 s instead of 7
            *("--log-level", "WARNING"),
        ]
        return argv + (["--sync-on-commit"] if self.settings.store_sync else [])


class Daemon(Service):
    def probe(self) -> None:
        probe.daemon(self.port)

    def command(self) -> list[str]:
        program = self.settings.bin / f"weir-{self.name}"
        if not os.access(program, os.X_OK):
            raise StackError(f"{program} does not exist: run make (or set WEIR_BIN)")
        return [str(program)]

    def environment(self) -> dict[str, str]:
        return dict(os.environ) | {
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_url,
            "MONGO_URL": self.settings.mongo_url,
            "LISTEN": f"{HOST}:{self.port}",
            "MONGOC_DISABLE_SHM": "1",
        }


INFRASTRUCTURE = ("kafka", "store")
DAEMONS = ("ingest", "aggregator", "alerter", "dashboard")
NAMES = INFRASTRUCTURE + DAEMONS


def all_services(settings: Settings) -> dict[str, Service]:
    kinds = {"kafka": Kafka, "store": Store}
    return {name: kinds.get(name, Daemon)(name, settings) for name in NAMES}
