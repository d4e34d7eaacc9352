"""docker-compose.yml: each policy of checks/compose can fail, and the defaults need no file beside it."""

from __future__ import annotations

import copy
import functools
import re
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from checks import ROOT, check

compose = check("compose")
DAEMONS = ("ingest", "aggregator", "alerter", "dashboard")
FILE = ROOT / "docker-compose.yml"


@functools.cache
def resolved() -> dict:
    return compose.resolved(FILE)


def put(*path: Any) -> Callable[[dict], None]:
    """Sets the value at the path; None removes it."""

    def change(document: dict) -> None:
        *steps, last, value = path
        place = document["services"]
        for step in steps:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


def test_as_it_is_nothing_is_wrong() -> None:
    assert compose.problems(resolved()) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (put("mongo", "image", "mongo:latest"), 'mongo: image "mongo:latest" has no tag'),
        (put("mongo", "image", "mongo"), 'mongo: image "mongo" has no tag'),
        (put("mongo", "image", "mongo:8"), "has no tag of three numbers"),
        (put("kafka", "image", "bitnami/kafka:3.6.1"), "is not kept up any more"),
        (put("kafka", "healthcheck", None), "kafka: no health check"),
        (put("ingest", "restart", None), "ingest: no restart policy"),
        (put("ingest", "restart", "no"), "ingest: no restart policy"),
        (put("ingest", "depends_on", "kafka", "condition", "service_started"), "does not wait until kafka"),
        (put("alerter", "depends_on", "mongo", None), "alerter: should wait for kafka, mongo"),
        (put("ingest", "security_opt", None), "ingest: no-new-privileges is not set"),
        (put("ingest", "privileged", True), "ingest: has the host's rights"),
        (put("gateway", "read_only", False), "gateway: its root is writable"),
        (put("ingest", "cap_drop", []), "ingest: its root is writable, or it keeps capabilities"),
        (put("ingest", "mem_limit", None), "ingest: no limit of memory"),
        (put("ingest", "ports", 0, "host_ip", "0.0.0.0"), "port 8001 is open to the network"),
        (put("ingest", "ports", 0, "published", "80"), "ingest: publishes [80], not [8001]"),
        (put("mongo", "ports", [{"published": "27017", "host_ip": "127.0.0.1"}]), "mongo: publishes [27017]"),
        (put("ingest", "healthcheck", "test", ["CMD", "true"]), "is not its own --probe"),
        (put("ingest", "build", "target", "load"), "ingest: is not built from the Dockerfile's target"),
        (put("ingest", "stop_grace_period", "10s"), "ingest: is killed before SHUTDOWN_TIMEOUT"),
        (put("mongo", "volumes", []), "mongo: /data/db is no named volume"),
        (put("load", "profiles", None), "load: should be in a profile"),
        (put("alerter", None), "no service alerter"),
    ],
)
def test_what_is_wrong_is_named(change: Callable[[dict], None], problem: str) -> None:
    document = copy.deepcopy(resolved())
    change(document)
    found = compose.problems(document)
    assert any(problem in line for line in found), found


def config(directory: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(compose.program()), "--profile", "*", "config"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory)} | env
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def test_no_env_file_is_needed(tmp_path: Path) -> None:
    text = FILE.read_text()
    (tmp_path / FILE.name).write_text(text)
    done = config(tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    # The same with an env_file that has to be there is an error: the line is what makes it optional.
    (tmp_path / FILE.name).write_text(text.replace("required: false", "required: true"))
    done = config(tmp_path)
    assert done.returncode != 0 and ".env" in done.stderr


def test_every_variable_has_a_default() -> None:
    assert re.findall(r"\$\{[A-Z_]+\}|\$[A-Z_]+", FILE.read_text()) == []


def settings_of(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_an_example_is_an_env_file(tmp_path: Path, stage: str) -> None:
    example = (ROOT / f"env.{stage}.example").read_text()
    (tmp_path / FILE.name).write_text(FILE.read_text())
    (tmp_path / ".env").write_text(example)
    done = config(tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    given = settings_of(example)
    for name in DAEMONS:
        checked = subprocess.run(
            [ROOT / f"build/bin/weir-{name}", "--check-config"],
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, f"weir-{name}: {checked.stderr}"


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_an_example_names_only_what_there_is(stage: str) -> None:
    """Also what is commented out: a daemon ignores a name that it does not know."""
    example = (ROOT / f"env.{stage}.example").read_text()
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.M))
    known = set(re.findall(r"\$\{([A-Z_]+):-", FILE.read_text()))
    for name in DAEMONS:
        help_text = subprocess.run(
            [ROOT / f"build/bin/weir-{name}", "--help"], capture_output=True, text=True, check=True
        ).stdout
        known |= set(re.findall(r"[A-Z][A-Z0-9_]+", help_text))
    known |= {f"{n}_FILE" for n in known}
    unknown = {n for n in named - known if not n.startswith("KAFKA_OPT_")}
    assert named and not unknown, unknown
