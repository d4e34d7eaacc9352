"""The broker of the component kafka-single, started here by the pod's own command."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from manifests.model import Objects, Pods
from support.ports import accepts, free_ports
from support.wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
# What Kafka's scripts of these names end in.
SCRIPTS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}
START_S = 180


def scripts(folder: Path) -> Path:
    """A bin/ as in the image, on the libraries that tools/setup fetched."""
    folder.mkdir()
    libraries = f"{ROOT}/.deps/kafka/*:{ROOT}/.deps/deploy/kafka-tools/*"
    for name, java_class in SCRIPTS.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 $KAFKA_LOG4J_OPTS -cp "{libraries}" {java_class} "$@"\n')
        script.chmod(0o755)
    return folder


class Broker:
    """Paths, ports and the broker's name are those of this machine; everything else is the manifests'."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        pods = objects.named("kafka")
        assert pods
        self.port, controller = free_ports(2)
        self.address = f"127.0.0.1:{self.port}"
        self.bin = scripts(folder / "bin")
        self.log = folder / "kafka.log"
        config = folder / "config"
        config.mkdir()
        for name, text in self._config(objects, pods).items():
            text = text.replace("kafka.iot.svc:9092", self.address).replace("PLAINTEXT://:9092", f"PLAINTEXT://{self.address}")
            text = text.replace("127.0.0.1:9093", f"127.0.0.1:{controller}").replace("/var/lib/kafka/data", str(folder / "data"))
            (config / name).write_text(text)
        container = pods.containers[0]
        self.moved = {"/opt/kafka/bin": str(self.bin), "/etc/kafka-single": str(config)}
        env = {name: self._here(value) for name, value in pods.env(container).items()}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self._here(word) for word in container["command"]],
                env={"PATH": os.environ["PATH"]} | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @staticmethod
    def _config(objects: Objects, pods: Pods) -> dict[str, str]:
        name = next(v["configMap"]["name"] for v in pods.spec["volumes"] if "configMap" in v)
        found = objects.get("ConfigMap", name)
        assert found
        return dict(found["data"])

    def _here(self, text: str) -> str:
        for there, here in self.moved.items():
            text = text.replace(there, here)
        return text

    def wait(self) -> None:
        def started() -> bool:
            assert self.process.poll() is None, f"the broker ended: {self.tail()}"
            return accepts(self.port)

        wait_until(started, START_S, lambda: f"the broker to start: {self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        self.process.kill()  # what it wrote is thrown away
        self.process.wait()

    def make_topics(self, objects: Objects, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs the Job's own command."""
        pods = objects.named("telemetry-topics")
        assert pods
        container = pods.containers[0]
        env = pods.env(container) | {"KAFKA_BOOTSTRAP_SERVERS": self.address, "PATH": os.environ["PATH"]} | settings
        env["KAFKA_TOPICS"] = self._here(env["KAFKA_TOPICS"])
        return subprocess.run(container["command"], env=env, capture_output=True, text=True, timeout=300)

    def topics(self) -> dict[str, tuple[int, str]]:
        """Name: (partitions, settings of its own)."""
        done = subprocess.run(
            [self.bin / "kafka-topics.sh", "--bootstrap-server", self.address, "--describe"],
            capture_output=True,
            text=True,
            timeout=180,
        )
        rows = re.findall(r"^Topic: (\S+)\s.*PartitionCount: (\d+)\s.*Configs: (\S*)", done.stdout, re.M)
        return {name: (int(count), configs) for name, count, configs in rows}
