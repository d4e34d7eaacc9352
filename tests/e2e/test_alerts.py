"""Alerts: one episode for one trouble, told at each transition, quiet at the threshold itself."""

from __future__ import annotations

import requests

from support.client import ingest
from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import Stack


def send(stack: Stack, device: str, samples: list[float], sensor: str = "temperature_c") -> None:
    """One a second of event time, the last one now."""
    start = now_ms() - 1000 * len(samples)
    items = [
        reading(device, start + 1000 * i) | {sensor: value} for i, value in enumerate(samples)
    ]
    ingest(stack, items)


def outcome(stack: Stack, oracle: Oracle, device: str, samples: list[float]) -> list[dict]:
    """The stored alerts after these samples, oldest first, checked against the reference."""
    since = oracle.marks()
    send(stack, device, samples)
    oracle.check_alerts(device, since)
    return sorted(oracle.alerts(device).values(), key=lambda row: row["timestamp"])


def test_one_episode_from_fire_to_resolve(stack: Stack, oracle: Oracle, device: str) -> None:
    (alert,) = outcome(stack, oracle, device, [20, 51, 53, 52, 20, 21])
    assert (alert["severity"], alert["status"]) == ("warning", "resolved")
    assert (alert["value"], alert["peak"], alert["last_value"]) == (51, 53, 52)
    assert alert["count"] == 3
    assert alert["message"] == "WARNING: temperature_c value 51 is above maximum threshold"


def test_an_active_alert_stays_one_document(stack: Stack, oracle: Oracle, device: str) -> None:
    (alert,) = outcome(stack, oracle, device, [55.0] * 100)
    assert (alert["status"], alert["count"]) == ("active", 100)


def test_it_escalates_once_and_never_back(stack: Stack, oracle: Oracle, device: str) -> None:
    (alert,) = outcome(stack, oracle, device, [55, 60, 60.5, 70, 52, 20])
    assert (alert["severity"], alert["peak"]) == ("critical", 70)
    assert alert["message"] == "WARNING: temperature_c value 55 is above maximum threshold"


def test_flapping_gives_one_episode_each(stack: Stack, oracle: Oracle, device: str) -> None:
    rows = outcome(stack, oracle, device, [55, 20] * 10)
    assert len(rows) == 10
    assert all(row["status"] == "resolved" and row["count"] == 1 for row in rows)


def test_from_high_to_low_is_two_alerts(stack: Stack, oracle: Oracle, device: str) -> None:
    high, low = outcome(stack, oracle, device, [55, -15])
    assert (high["alert_type"], high["status"]) == ("temperature_c_high", "resolved")
    assert (low["alert_type"], low["status"]) == ("temperature_c_low", "active")
    assert low["severity"] == "critical"


def test_exactly_at_the_threshold_is_nothing(stack: Stack, oracle: Oracle, device: str) -> None:
    since = oracle.marks()
    send(stack, f"{device}-t", [50, -10, 50.0, -10.0])
    send(stack, f"{device}-h", [100, 0], "humidity")
    assert oracle.check_alerts(device, since) == {}
    assert oracle.alerts(device) == {}


def test_just_beyond_is_a_warning_up_to_a_fifth(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    since = oracle.marks()
    for name, value in {"a": 50.000001, "b": 60, "c": 60.000001, "d": -12, "e": -12.01}.items():
        send(stack, f"{device}-t{name}", [value])
    for name, value in {"a": 100.5, "b": 120, "c": 120.5, "d": -20, "e": -20.5}.items():
        send(stack, f"{device}-h{name}", [value], "humidity")
    oracle.check_alerts(device, since)
    severities = {row["device_id"][-2:]: row["severity"] for row in oracle.alerts(device).values()}
    critical = {name for name, severity in severities.items() if severity == "critical"}
    assert len(severities) == 10
    assert critical == {"tc", "te", "hc", "he"}


def test_late_samples_tell_nothing_about_now(stack: Stack, oracle: Oracle, device: str) -> None:
    since = oracle.marks()
    now = now_ms()
    items = [reading(device, now - 1000, 55), reading(device, now, 20)]
    items.append(reading(device, now - 500, 70))  # older than the resolve
    ingest(stack, items)
    assert len(oracle.check_alerts(device, since)) == 1


def test_an_alert_is_shown_and_kept_over_a_restart(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    since = oracle.marks()
    send(stack, device, [55, 56])
    oracle.check_alerts(device, since)
    stack.stop("alerter")
    stack.start("alerter")
    send(stack, device, [57, 20])
    (episode,) = oracle.check_alerts(device, since).values()
    assert (episode.count, episode.peak) == (3, 57)
    rows = requests.get(f"{stack.dashboard}/alerts/recent", timeout=10).json()["data"]
    (shown,) = [row for row in rows if row["device_id"] == device]
    assert shown["status"] == "resolved"
