"""Daemons start in any order, and say what they wait for."""

from __future__ import annotations

import requests

from support.stack import DAEMONS, Stack
from support.wait import wait_until

NEEDS = {
    "ingest": {"kafka"},
    "aggregator": {"kafka", "mongo"},
    "alerter": {"kafka", "mongo"},
    "dashboard": {"mongo"},
}


def answer(stack: Stack, name: str, path: str) -> requests.Response | None:
    try:
        return requests.get(stack.url(name) + path, timeout=2)
    except requests.RequestException:
        return None


def waits_for(stack: Stack, name: str) -> bool:
    """Alive, not ready, and every dependency that it needs is named with a reason."""
    alive, ready = answer(stack, name, "/healthz"), answer(stack, name, "/readyz")
    if alive is None or ready is None:
        return False
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    text = ready.text.lower()
    return ready.status_code == 503 and all(need in text for need in NEEDS[name])


def test_daemons_before_broker_and_store(stack: Stack) -> None:
    stack.needs_own("kafka", "store")
    stack.down()
    starting = stack.popen("start", *DAEMONS)
    for name in DAEMONS:
        wait_until(lambda: waits_for(stack, name), 15, lambda: why(stack, name))
        health = answer(stack, name, "/health")
        assert health is not None and health.status_code == 503 and health.json()["ok"] is False
    pids = {name: stack.pid(name) for name in DAEMONS}
    stack.start("store")
    stack.start("kafka")
    output, _ = starting.communicate(timeout=60)
    assert starting.returncode == 0, output
    wait_until(stack.ready, 30, lambda: f"all ready: {stack.status()}")
    assert pids == {name: stack.pid(name) for name in DAEMONS}, "something was restarted"


def why(stack: Stack, name: str) -> str:
    ready = answer(stack, name, "/readyz")
    return f"{name} to wait for {NEEDS[name]}: {ready and (ready.status_code, ready.text)}"


def test_each_dependency_alone_is_named(stack: Stack) -> None:
    stack.stop("store")
    for name in ("aggregator", "alerter", "dashboard"):
        wait_until(
            lambda: (r := answer(stack, name, "/readyz")) is not None
            and r.status_code == 503
            and "mongo" in r.text.lower(),
            20,
            lambda: why(stack, name),
        )
        alive = answer(stack, name, "/healthz")
        assert alive is not None and alive.status_code == 200
    ingest = answer(stack, "ingest", "/readyz")
    assert ingest is not None and ingest.status_code == 200, "ingest needs no store"
    stack.start("store")
    wait_until(stack.ready, 40, lambda: f"all ready: {stack.status()}")
