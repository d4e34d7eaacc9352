"""weir-load: it counts right, repeats itself for a seed, and its exit status can be relied on."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.daemon import program, run
from support.oracle import Oracle
from support.stack import Stack, clean_environment
from support.wait import wait_until

PLAN = ("--devices", "5", "--rps", "20")


def load(stack: Stack, *args: str) -> subprocess.CompletedProcess[str]:
    return run("load", "--base-url", stack.ingest, *PLAN, *args)


def test_its_counts_agree_with_what_is_stored(stack: Stack, oracle: Oracle) -> None:
    oracle.wait_aggregated()
    before = oracle.db.telemetry_raw.count_documents({})
    done = load(stack, "--requests", "150", "--json", "--fail-if", "errors>0")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["sent"] == summary["answered"] == summary["accepted"] == 150
    assert (summary["refused"], summary["errors"]["total"]) == (0, 0)
    assert summary["status"] == {"200": 150}
    assert summary["failed"] == []
    latency = summary["latency_ms"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"]
    oracle.check()
    assert oracle.db.telemetry_raw.count_documents({}) == before + 150


def test_the_same_seed_gives_the_same_bodies() -> None:
    plan = ("--print-bodies", "--requests", "40", "--start", "2026-11-21T10:00:00Z")
    first, again = run("load", *PLAN, *plan), run("load", *PLAN, *plan)
    other = run("load", *PLAN, *plan, "--seed", "2")
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout != other.stdout
    bodies = [json.loads(line) for line in first.stdout.splitlines()]
    assert len(bodies) == 40
    assert {body["device_id"] for body in bodies} == {f"dev-{i}" for i in range(1, 6)}
    assert all({"ts", "temperature_c", "humidity"} <= body.keys() for body in bodies)


class Capture(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: list[str] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.bodies.append(self.rfile.read(length).decode())
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing_server():
    """Answers everything with 503 and keeps what it was sent."""
    Capture.bodies = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Capture)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_sends_what_it_prints_and_tells_refusals(refusing_server: str) -> None:
    plan = ("--requests", "20", "--start", "2026-11-21T10:00:00Z", *PLAN)
    printed = run("load", "--print-bodies", *plan).stdout.splitlines()
    done = run("load", "--base-url", refusing_server, "--json", *plan, "--fail-if", "refused>=20")
    assert sorted(Capture.bodies) == sorted(printed)
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["accepted"], summary["refused"]) == (0, 20)
    assert summary["status"] == {"503": 20}
    assert len(summary["failed"]) == 1


@pytest.mark.parametrize(
    ("condition", "status"),
    [("accepted<30", 0), ("accepted<31", 1), ("p50>10s", 0), ("p50>1us", 1), ("errors>0", 0)],
)
def test_fail_if_sets_the_exit_status(stack: Stack, condition: str, status: int) -> None:
    done = load(stack, "--requests", "30", "--fail-if", condition)
    assert done.returncode == status, done.stdout + done.stderr


def test_no_server_is_an_error_that_can_be_asked_for() -> None:
    args = ("--base-url", "http://127.0.0.1:1", "--requests", "5", "--rps", "50")
    done = run("load", *args, "--json", "--fail-if", "errors>0")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"]["connect"] == 5


def test_an_interrupt_ends_with_the_summary(stack: Stack, oracle: Oracle) -> None:
    before = sum(oracle.log.ends().values())
    process = subprocess.Popen(
        [str(program("load")), "--base-url", stack.ingest, *PLAN, "--json"],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: sum(oracle.log.ends().values()) > before + 20, 20, "some load")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    summary = json.loads(output)
    assert summary["accepted"] == summary["sent"]
    assert sum(oracle.log.ends().values()) == before + summary["accepted"]


def test_the_summary_for_people(stack: Stack) -> None:
    done = load(stack, "--requests", "10")
    assert done.returncode == 0
    assert "p99" in done.stdout and "accepted" in done.stdout


@pytest.mark.parametrize(
    "args", [["--rate", "5"], ["--rps", "0"], ["--fail-if", "p99>50"], ["--base-url", "x"]]
)
def test_usage_errors(args: list[str]) -> None:
    done = run("load", *args)
    assert done.returncode == 2
    assert args[0] in done.stderr


def test_help_and_version() -> None:
    shown = run("load", "--help")
    assert shown.returncode == 0
    for option in ("--devices", "--rps", "--base-url", "--seed", "--fail-if", "--json"):
        assert option in shown.stdout
    assert run("load", "--version").stdout.startswith("weir-load ")


def test_other_machines_are_left_alone() -> None:
    done = run("load", "--base-url", "http://192.0.2.1:8001", "--requests", "1")
    assert done.returncode in (1, 2)
    assert "--allow-remote" in done.stderr
