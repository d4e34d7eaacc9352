"""Where this instance of the stack lives: directory, ports, addresses, from the environment."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# service: (environment variable of its port, default)
PORTS = {
    "kafka": ("KAFKA_PORT", 9092),
    "store": ("STORE_PORT", 27017),
    "ingest": ("INGEST_PORT", 8001),
    "dashboard": ("DASHBOARD_PORT", 8002),
    "aggregator": ("AGGREGATOR_PORT", 8003),
    "alerter": ("ALERTER_PORT", 8004),
}
HOST = "127.0.0.1"


class StackError(Exception):
    """Something the user can act on; shown without a traceback."""


@dataclass(frozen=True)
class Settings:
    """One instance. If kafka_url or mongo_url points elsewhere, there is no process of ours."""

    run: Path
    ports: dict[str, int]
    bin: Path
    kafka_url: str
    mongo_url: str
    store_sync: bool
    # Where the broker also listens, and the port that it names to who comes there: a proxy's.
    kafka_proxied: tuple[int, int] | None

    @property
    def external(self) -> frozenset[str]:
        """Names of the services that someone else runs."""
        theirs = []
        if self.kafka_url != own_kafka_url(self.ports):
            theirs.append("kafka")
        if self.mongo_url != own_mongo_url(self.ports):
            theirs.append("store")
        return frozenset(theirs)

    def remember(self) -> None:
        """Keeps the ports, so that later commands need only WEIR_RUN."""
        self.run.mkdir(parents=True, exist_ok=True)
        write_atomically(_ports_file(self.run), json.dumps(self.ports, indent=1) + "\n")


def own_kafka_url(ports: dict[str, int]) -> str:
    return f"{HOST}:{ports['kafka']}"


def own_mongo_url(ports: dict[str, int]) -> str:
    return f"mongodb://{HOST}:{ports['store']}"


def from_environment() -> Settings:
    """A port comes from the environment, else from this instance's last `up`, else the default."""
    run = Path(os.environ.get("WEIR_RUN") or ROOT / ".run").resolve()
    remembered = _remembered_ports(run)
    ports = {
        name: _port(variable, remembered.get(name, default))
        for name, (variable, default) in PORTS.items()
    }
    if len(set(ports.values())) < len(ports):
        raise StackError(f"two services have the same port: {ports}")
    return Settings(
        run=run,
        ports=ports,
        bin=Path(os.environ.get("WEIR_BIN") or ROOT / "build" / "bin").resolve(),
        # Equal to our own address: the output of `stack env` was taken over, not another broker.
        kafka_url=os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or own_kafka_url(ports),
        mongo_url=os.environ.get("MONGO_URL") or own_mongo_url(ports),
        store_sync=os.environ.get("STORE_SYNC", "") not in ("", "0"),
        kafka_proxied=_proxied(),
    )


def _proxied() -> tuple[int, int] | None:
    if not os.environ.get("KAFKA_PROXY_PORT"):
        return None
    return _port("KAFKA_PROXIED_PORT", 0), _port("KAFKA_PROXY_PORT", 0)


def write_atomically(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(text)
    new.replace(path)


def _ports_file(run: Path) -> Path:
    return run / "ports.json"


def _remembered_ports(run: Path) -> dict[str, int]:
    try:
        ports = json.loads(_ports_file(run).read_text())
        return {name: int(port) for name, port in ports.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise StackError(f"{variable}={text} is not a port (1..65535)")
    return int(text)
