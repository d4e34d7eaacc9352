"""Other people's programs: fetched and built once into .deps/peers, from what is pinned here.

Where that does not work the bench says why and goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable

from . import machine

FILES = machine.ROOT / "tests/bench/peers"
INTO = machine.ROOT / ".deps/peers"
BUILD_SECONDS = 3000
TELEGRAF = "github.com/influxdata/telegraf/cmd/telegraf@v1.37.2"
TELEGRAF_TAGS = "custom,inputs.http_listener_v2,outputs.kafka,parsers.json,serializers.json"
MAVEN = ["mvn", "-B", "-q", "--strict-checksums", "-f", str(FILES / "connect/pom.xml")]
# As the scripts of Kafka's distribution start Connect.
JAVA = ["java", "-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]
JAVA += ["-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"]


one_at_a_time = threading.Lock()


class NotAvailable(Exception):
    """Why a peer cannot be measured here."""


def build(command: list[str], env: dict[str, str] | None = None, at: Path = INTO) -> None:
    """At low priority; the end of what it printed is the reason when it fails."""
    at.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            ["nice", "-n", "10", *command],
            cwd=at,
            env=os.environ | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"not built within {BUILD_SECONDS} s") from None
    if done.returncode != 0:
        raise NotAvailable((done.stdout.strip().splitlines() or ["failed"])[-1].strip())


def build_once(name: str, pins: str, make: Callable[[Path], None]) -> Path:
    """The folder of a peer; made anew when what it is made of has changed."""
    place = INTO / name
    stamp = place / "stamp"
    with one_at_a_time:
        if not stamp.exists() or stamp.read_text() != pins:
            shutil.rmtree(place, ignore_errors=True)
            make(place)
            stamp.write_text(pins)
    return place


def python_service() -> list[str]:
    wanted = FILES / "requirements.txt"

    def make(place: Path) -> None:
        build([sys.executable, "-m", "venv", str(place)])
        build([str(place / "bin/pip"), "-q", "install", "-r", str(wanted)])

    place = build_once("python", wanted.read_text(), make)
    return [str(place / "bin/python"), str(FILES / "service.py")]


def go(words: list[str], place: Path) -> None:
    if not shutil.which("go"):
        raise NotAvailable("there is no Go compiler")
    flags = {"GOBIN": str(place), "GOFLAGS": "-mod=mod -buildvcs=false -trimpath"}
    build(["go", *words], flags, place)


def bento(config: str) -> list[str]:
    """A program of its own, with the parts that are used: the whole takes far longer to build."""
    source = FILES / "bento"
    pins = (source / "go.mod").read_text() + (source / "main.go").read_text()

    def make(place: Path) -> None:
        shutil.copytree(source, place)
        go(["build", "-o", "bento", "."], place)

    place = build_once("bento", pins, make)
    return [str(place / "bento"), "-c", str(source / config)]


def telegraf() -> list[str]:
    def make(place: Path) -> None:
        go(["install", "-tags", TELEGRAF_TAGS, TELEGRAF], place)

    place = build_once("telegraf", TELEGRAF + TELEGRAF_TAGS, make)
    return [str(place / "telegraf"), "--config", str(FILES / "telegraf.conf")]


def connect() -> tuple[list[str], Path]:
    """Kafka Connect as its scripts start it, without its arguments, and its folder of plugins."""
    source = FILES / "connect"
    pins = (source / "pom.xml").read_text() + (source / "SHA256SUMS").read_text()

    def make(place: Path) -> None:
        if not shutil.which("mvn"):
            raise NotAvailable("there is no Maven")
        copy = [*MAVEN, "dependency:copy-dependencies", "-DincludeScope=runtime"]
        name, plugin = "mongo-kafka-connect", str(place / "plugins/mongodb")
        build([*copy, f"-DexcludeArtifactIds={name}", f"-DoutputDirectory={place / 'libs'}"])
        build([*copy, f"-DincludeArtifactIds={name}", f"-DoutputDirectory={plugin}"])
        build(["sha256sum", "--check", "--strict", str(source / "SHA256SUMS")], at=place)

    place = build_once("connect", pins, make)
    log = machine.ROOT / "tools/kafka/log4j2.xml"
    java = [*JAVA, f"-Dlog4j2.configurationFile={log}", "-cp", f"{place / 'libs'}/*"]
    return [*java, "org.apache.kafka.connect.cli.ConnectStandalone"], place / "plugins"
