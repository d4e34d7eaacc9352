"""Real daemons with the ConfigMap's values: what k8s/README.md says they say when something is missing is what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from broker import Broker
from manifests import daemons, render
from manifests.model import Objects
from support.wait import wait_until

README = (render.K8S / "README.md").read_text()
WAIT_S = 90


@pytest.fixture(scope="module")
def kind() -> Objects:
    return render.objects(["kind"])


@pytest.fixture(scope="module")
def broker(kind: Objects, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(kind, tmp_path_factory.mktemp("broker"))
    try:
        broker.wait()
        yield broker
    finally:
        broker.stop()


def environment(objects: Objects, daemon: str, **other: str) -> dict[str, str]:
    """What the pod's container gets, with other addresses: the cluster's names mean nothing here."""
    pods = next(p for p in objects.daemons() if p.daemon == daemon)
    env = pods.env(pods.containers[0]) | {"SHUTDOWN_DELAY": "0", "SHUTDOWN_TIMEOUT": "2s"}
    env = {k: v for k, v in env.items() if not k.endswith("_FILE")}
    env["KAFKA_BOOTSTRAP_SERVERS"] = daemons.NOWHERE
    if daemon != "ingest":
        env["MONGO_URL"] = f"mongodb://{daemons.NOWHERE}/"
    return env | other


def readiness(daemon: str, env: dict[str, str], wanted: int, *named: str) -> str:
    """Waits until /readyz answers so and says all this; the process stays alive meanwhile."""

    answer = (0, "")

    def as_wanted() -> bool:
        nonlocal answer
        assert running.process.poll() is None, running.output()
        answer = running.get("/readyz")
        return answer[0] == wanted and all(n in answer[1] for n in named)

    with daemons.Running(daemon, env) as running:
        wait_until(as_wanted, WAIT_S, lambda: f"{answer}, {running.output()}")
        assert running.get("/healthz")[0] == 200
        return answer[1]


def test_no_broker_and_no_store(kind: Objects) -> None:
    readiness("aggregator", environment(kind, "aggregator"), 503, "no store answers: ", "no broker answers: ")
    for quoted in ("`no broker answers: ...`", "`no store answers: ...`"):
        assert quoted in README


def run_with_file(kind: Objects, path: Path) -> tuple[int, str]:
    env = environment(kind, "aggregator", MONGO_URL_FILE=str(path))
    del env["MONGO_URL"]
    done = daemons.run("aggregator", env)
    return done.returncode, done.stderr


def test_secret_that_is_not_there(kind: Objects, tmp_path: Path) -> None:
    status, told = run_with_file(kind, tmp_path / "MONGO_URL")
    assert (status, "MONGO_URL" in told, "No such file or directory" in told) == (2, True, True)


def test_secret_that_is_empty(kind: Objects, tmp_path: Path) -> None:
    (tmp_path / "MONGO_URL").write_text("\n")
    status, told = run_with_file(kind, tmp_path / "MONGO_URL")
    expected = "MONGO_URL (environment): must not be empty"
    assert (status, expected in told, expected in README) == (2, True, True)


def test_secret_from_the_manifests_is_taken(kind: Objects, tmp_path: Path) -> None:
    (tmp_path / "MONGO_URL").write_text("mongodb://user:pass@mongodb.iot.svc:27017/")
    env = environment(kind, "alerter", MONGO_URL_FILE=str(tmp_path / "MONGO_URL"))
    del env["MONGO_URL"]
    done = daemons.run("alerter", env, "--print-config")
    assert done.returncode == 0 and "pass" not in done.stdout.replace("MONGO_URL_FILE", "")


def test_keys_that_are_not_there(tmp_path: Path) -> None:
    prod = render.objects(["prod"])
    done = daemons.run("ingest", environment(prod, "ingest", API_KEYS_FILE=str(tmp_path / "keys.json")))
    assert done.returncode == 2 and "cannot open" in done.stderr


def test_topic_that_cannot_be(kind: Objects) -> None:
    done = daemons.run("ingest", environment(kind, "ingest", TELEMETRY_TOPIC="telemetry/raw"))
    expected = 'TELEMETRY_TOPIC (environment): "telemetry/raw" is no topic name'
    assert (done.returncode, expected in done.stderr, expected in README) == (2, True, True)


def test_job_makes_the_topics_and_leaves_them(kind: Objects, broker: Broker) -> None:
    for _ in range(2):
        done = broker.make_topics(kind)
        assert done.returncode == 0, done.stderr + done.stdout
    partitions = int(kind.config()["TOPIC_PARTITIONS"])
    topics = broker.topics()
    for setting in ("TELEMETRY_TOPIC", "DLQ_TOPIC", "ALERTS_TOPIC"):
        assert topics[kind.config()[setting]][0] == partitions
    assert "max.message.bytes=4194304" in topics[kind.config()["DLQ_TOPIC"]][1]


def test_number_of_copies_is_handed_on(kind: Objects, broker: Broker) -> None:
    done = broker.make_topics(kind, TELEMETRY_TOPIC="copies", TOPIC_REPLICATION_FACTOR="2")
    assert done.returncode != 0 and "replication factor" in (done.stdout + done.stderr).lower()


def test_ready_once_the_topics_are_there(kind: Objects, broker: Broker) -> None:
    assert broker.make_topics(kind).returncode == 0
    readiness("ingest", environment(kind, "ingest", KAFKA_BOOTSTRAP_SERVERS=broker.address), 200, "ready")


@pytest.mark.parametrize("daemon", ["ingest", "aggregator", "alerter"])
def test_topic_that_nobody_made(kind: Objects, broker: Broker, daemon: str) -> None:
    wrong = {"KAFKA_BOOTSTRAP_SERVERS": broker.address, "TELEMETRY_TOPIC": "telemetry.rwa"}
    expected = "topic telemetry.rwa: Broker: Unknown topic or partition"
    readiness(daemon, environment(kind, daemon, **wrong), 503, expected)
    assert expected in README
    assert "telemetry.rwa" not in broker.topics(), "the daemon made it"
