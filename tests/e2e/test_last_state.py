"""The last state of a device: counts once whatever is repeated, never back in time, its pace."""

from __future__ import annotations

import requests

from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import Stack


def test_the_last_state_of_a_device(stack: Stack, oracle: Oracle, device: str) -> None:
    start = now_ms() - 3_600_000
    steady = [reading(device, start + 10_000 * i, 20 + i / 10) for i in range(40)]
    # An hour of silence says nothing about the pace, nor do readings that come late or twice.
    send(stack, [*steady, reading(device, start + 3_500_000, 25.5, battery_level=80)])
    state = state_of(oracle, device)
    stack.kill("aggregator")
    late = [reading(device, start - 777 * i, -5, lat=32.1, lon=34.9) for i in range(1, 20)]
    send(stack, [*late, *steady])
    stack.start("aggregator")
    after = state_of(oracle, device)
    assert state["counts"]["readings"] == 41 and after["counts"]["readings"] == 41 + 19
    assert after["cadence"] == {"median_ms": 10_000, "spread_ms": 0, "gaps": 31}
    assert state["cadence"] == after["cadence"]
    assert after["last_ts"] == state["last_ts"] == start + 3_500_000
    assert after["last_seen"] > state["last_seen"]
    assert after["first_seen"] == state["first_seen"]
    sensors = {sensor["name"]: sensor["value"] for sensor in after["sensors"]}
    assert sensors == {"temperature_c": 25.5, "humidity": 48, "battery_level": 80}
    assert (after["position"]["lat"], after["battery_level"]) == (32.1, 80)
    assert len(after["acc"]) == 1, "one partition has it all"


def send(stack: Stack, readings: list[dict]) -> None:
    answer = requests.post(f"{stack.ingest}/api/v1/readings", json=readings, timeout=10)
    assert answer.status_code == 202, answer.text


def state_of(oracle: Oracle, device: str) -> dict:
    oracle.wait_aggregated()
    state = oracle.db.devices.find_one({"_id": device})
    assert state, device
    return state | {name: int(state[name]) for name in ("last_ts", "last_seen", "first_seen")}
