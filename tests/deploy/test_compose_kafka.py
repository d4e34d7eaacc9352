"""The broker's environment in docker-compose.yml, as the image turns it into properties, starts a real broker."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from checks import ROOT, check
from support.ports import accepts, free_ports
from support.wait import wait_until

compose = check("compose")
JAVA = ("java", "-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
START_S = 90
# At this level it lists every property that it knows.
LOGGING = """\
appender.out.type = Console
appender.out.name = out
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""
# Of the image's scripts, and no properties of the broker.
OF_SCRIPTS = {"KAFKA_HEAP_OPTS", "CLUSTER_ID"}


def properties_of(environment: dict[str, str]) -> dict[str, str]:
    """KAFKA_LOG_DIRS is log.dirs, as in the image of Apache Kafka."""
    given = {name: value for name, value in environment.items() if name not in OF_SCRIPTS}
    assert all(name.startswith("KAFKA_") for name in given), given
    return {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in given.items()}


def test_it_starts_a_broker(tmp_path: Path) -> None:
    environment = compose.resolved(ROOT / "docker-compose.yml")["services"]["kafka"]["environment"]
    properties = properties_of(environment)
    broker, controller = free_ports(2)
    text = "".join(f"{name}={value}\n" for name, value in properties.items())
    moved = text.replace("9092", str(broker)).replace("9093", str(controller)).replace("kafka:", "127.0.0.1:")
    moved = moved.replace("/var/lib/kafka/data", str(tmp_path / "data"))
    config = tmp_path / "server.properties"
    config.write_text(moved)
    logging = tmp_path / "log4j2.properties"
    logging.write_text(LOGGING)
    kafka = [*JAVA, f"-Dlog4j2.configurationFile={logging}", "-cp", f"{ROOT / '.deps/kafka'}/*"]
    cluster = environment["CLUSTER_ID"]
    subprocess.run([*kafka, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", config], check=True, timeout=60)
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([*kafka, "kafka.Kafka", config], stdout=out, stderr=subprocess.STDOUT)
    try:

        def started() -> bool:
            assert process.poll() is None, log.read_text()[-2000:]
            return "Kafka Server started" in log.read_text() and accepts(broker)

        wait_until(started, START_S, lambda: log.read_text()[-2000:])
        known = set(re.findall(r"^\s([a-z.]+) = ", log.read_text(), re.M))
        assert set(properties) - known == set(), "the broker does not know these"
    finally:
        process.terminate()
        process.wait(30)
