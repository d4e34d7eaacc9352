"""The first three commands of anybody who knew the older system, and readings out of time."""

from __future__ import annotations

import json
import subprocess

import requests

from support.oracle import Oracle
from support.readings import now_ms, parse_time_ms, reading, reading_id, rfc3339
from support.stack import Stack
from support.wait import wait_until


def curl(*args: str) -> dict:
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", "--max-time", "10", *args],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_three_commands_of_the_older_system(stack: Stack) -> None:
    ts_ms = now_ms() - 1_800_000  # weir-load has a dev-1 too, but not half an hour ago
    body = {"device_id": "dev-1", "temperature_c": 65, "humidity": 48.5}
    body |= {"ts": rfc3339(ts_ms), "lat": 32.1, "lon": 34.9}
    header = "Content-Type: application/json"
    queued = curl("-X", "POST", f"{stack.ingest}/ingest", "-H", header, "-d", json.dumps(body))
    assert queued == {"status": "queued", "device_id": "dev-1"}

    def aggregates() -> dict[str, dict]:
        answer = curl(f"{stack.dashboard}/devices/dev-1/aggregates")
        assert answer["device_id"] == "dev-1"
        minute = rfc3339(ts_ms // 60_000 * 60_000)
        return {row["sensor_type"]: row for row in answer["data"] if row["timestamp"] == minute}

    wait_until(lambda: len(aggregates()) == 2, 10, aggregates)
    rows = aggregates()
    assert rows["temperature_c"]["average"] == 65
    assert rows["humidity"]["average"] == 48.5
    assert all(row["count"] == 1 for row in rows.values())

    def alerts() -> list[dict]:
        rows = curl(f"{stack.dashboard}/alerts/recent")["data"]
        return [row for row in rows if row["device_id"] == "dev-1"]

    (alert,) = wait_until(alerts, 10, "the alert of 65 degrees")
    assert alert["message"] == "CRITICAL: temperature_c value 65 is above maximum threshold"
    assert alert["alert_type"] == "temperature_c_high"
    assert (alert["severity"], alert["sensor_type"]) == ("critical", "temperature_c")
    assert alert["value"] == 65


def test_a_reading_from_2024_is_stored_and_shown(stack: Stack, oracle: Oracle, device: str) -> None:
    ts_ms = parse_time_ms("2024-02-29T12:00:00.250Z")
    answer = requests.post(f"{stack.ingest}/ingest", json=reading(device, ts_ms), timeout=10)
    assert answer.status_code == 200, answer.text

    def shown() -> list[dict]:
        path = f"{stack.dashboard}/devices/{device}/telemetry"
        return requests.get(path, timeout=10).json()["data"]

    (row,) = wait_until(shown, 10, "the reading on the dashboard")
    assert parse_time_ms(row.get("ts") or row["timestamp"]) == ts_ms
    assert row["temperature_c"] == 21.5
    assert list(oracle.raw(device)) == [reading_id(device, ts_ms)]
    path = f"{stack.dashboard}/devices/{device}/aggregates"
    wait_until(lambda: len(requests.get(path, timeout=10).json()["data"]) == 2, 10, "its windows")


def test_a_reading_from_the_future_is_refused_with_a_reason(stack: Stack, device: str) -> None:
    body = reading(device, now_ms() + 3_600_000)
    answer = requests.post(f"{stack.ingest}/ingest", json=body, timeout=10)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", "ts"]
    assert "ahead" in problem["msg"], problem
    four_minutes = reading(device, now_ms() + 240_000)
    assert requests.post(f"{stack.ingest}/ingest", json=four_minutes, timeout=10).ok
