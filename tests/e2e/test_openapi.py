"""The OpenAPI document: served as it should be, and true of the daemon by generated requests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.daemon import Daemon, sanitized
from support.stack import ROOT, Stack, clean_environment

HERE = Path(__file__).parent / "openapi"
SEED = "1"


@pytest.fixture
def ingest(stack: Stack) -> Iterator[Daemon]:
    """With a topic of its own: what is generated is nothing that the aggregator should count."""
    with Daemon(stack, "ingest", TELEMETRY_TOPIC="openapi.readings") as daemon:
        yield daemon.start()
        assert daemon.terminate() == 0


def test_the_document_is_served_and_not_sent_twice(stack: Stack) -> None:
    url = f"{stack.ingest}/openapi.json"
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.content == (ROOT / "ingest/openapi.json").read_bytes()
    tag = answer.headers["ETag"]
    assert answer.headers["Cache-Control"] == "no-cache"
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = requests.get(url, headers={"If-None-Match": known}, timeout=10)
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["ETag"] == tag
    assert requests.get(url, headers={"If-None-Match": '"other"'}, timeout=10).status_code == 200
    head = requests.head(url, timeout=10)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(answer.content)))


def test_the_daemon_does_what_the_document_says(ingest: Daemon, tmp_path: Path) -> None:
    """Every check of schemathesis: statuses, types, headers and bodies as documented, valid
    requests accepted, invalid ones refused, other methods refused with Allow, no server error."""
    examples = "20" if sanitized("ingest") else "60"
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{ingest.url}/openapi.json"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", examples, "--seed", SEED),
        *("--continue-on-failure", "--generation-database", "none", "--no-color"),
        *("--suppress-health-check", "all", "--request-timeout", "20"),
    ]
    environment = clean_environment() | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    print(done.stdout[-600:])
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
