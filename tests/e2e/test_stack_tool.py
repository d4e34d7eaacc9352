"""tools/stack itself: addresses, status, and mistakes that it must not make."""

from __future__ import annotations

import shlex
import socket

import requests

from support.stack import SERVICES, Stack


def test_env_gives_addresses_that_answer(stack: Stack) -> None:
    lines = stack.tool("env").stdout.splitlines()
    values = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    assert values["KAFKA_BOOTSTRAP_SERVERS"] == stack.kafka
    assert values["MONGO_URL"] == stack.mongo
    for name in ("INGEST_URL", "DASHBOARD_URL", "AGGREGATOR_URL", "ALERTER_URL"):
        assert requests.get(f"{values[name]}/healthz", timeout=5).status_code == 200


def test_status_tells_each_service(stack: Stack) -> None:
    done = stack.tool("status")
    assert done.returncode == 0
    rows = stack.status()
    assert rows.keys() == set(SERVICES)
    assert {row["state"] for row in rows.values()} == {"ready"}
    assert {name: row["port"] for name, row in rows.items()} == stack.ports


def test_starting_twice_starts_nothing(stack: Stack) -> None:
    before = {name: stack.pid(name) for name in SERVICES}
    stack.up()
    assert {name: stack.pid(name) for name in SERVICES} == before


def test_a_taken_port_is_told_with_its_holder(stack: Stack, tmp_path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        env = {"WEIR_RUN": str(tmp_path), "INGEST_PORT": port}
        done = stack.tool("start", "ingest", check=False, **env)
    assert done.returncode == 1
    assert f"port {port} is taken by pid" in done.stdout
    assert "INGEST_PORT" in done.stdout


def test_another_instance_is_another_world(stack: Stack, tmp_path) -> None:
    other = {"WEIR_RUN": str(tmp_path)}
    done = stack.tool("status", "--json", check=False, **other)
    assert '"state": "stopped"' in done.stdout and '"ready"' not in done.stdout
    assert "nothing runs" in stack.tool("down", **other).stdout
    assert stack.ready(), "down of another instance stopped this one"


def test_a_pause_shows_and_ends(stack: Stack) -> None:
    stack.pause("alerter")
    assert stack.status()["alerter"]["state"] == "paused"
    stack.resume("alerter")
    assert stack.status()["alerter"]["state"] == "ready"


def test_usage_errors(stack: Stack) -> None:
    done = stack.tool("start", "nobody", check=False)
    assert done.returncode == 2 and "nobody" in done.stdout
    assert stack.tool("logs", "kafka", "-n", "1").stdout.count("\n") <= 1
