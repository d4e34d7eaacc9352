"""Health, readiness and metrics of all four daemons."""

from __future__ import annotations

import pytest
import requests

from support import metrics_text
from support.client import ingest
from support.metrics_text import FormatError, Sample
from support.oracle import Oracle, unaccounted
from support.readings import now_ms, reading
from support.stack import DAEMONS, Stack

KEPT = {
    "ingest": {
        *("telemetry_ingested_total", "telemetry_ingest_duration_seconds"),
        *("kafka_publish_errors_total", "telemetry_records_total"),
        *("http_request_duration_seconds", "active_requests"),
    },
    "aggregator": {
        *("aggregator_messages_processed_total", "aggregator_aggregations_flushed_total"),
        *("aggregator_processing_duration_seconds", "aggregator_active_aggregations"),
        *("aggregator_kafka_consumer_errors_total", "aggregator_mongo_write_errors_total"),
        *("aggregator_dlq_messages_total", "aggregator_retry_attempts_total"),
    },
    "alerter": set(),
    "dashboard": {
        *("api_requests_total", "api_request_duration_seconds", "mongo_query_errors_total"),
        *("online_devices", "at_risk_devices", "average_battery", "heartbeat_count_total"),
    },
}
LABELS = {
    "http_request_duration_seconds": {"method", "endpoint", "status"},
    "aggregator_messages_processed_total": {"sensor_type"},
    "aggregator_aggregations_flushed_total": {"sensor_type"},
    "api_requests_total": {"endpoint", "method"},
    "api_request_duration_seconds": {"endpoint"},
}


def scrape(stack: Stack, name: str) -> tuple[str, list[Sample]]:
    answer = requests.get(f"{stack.url(name)}/metrics", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.text, metrics_text.parse(answer.text)


def declared(text: str) -> set[str]:
    return {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE ")}


@pytest.mark.parametrize("name", DAEMONS)
def test_health(stack: Stack, name: str) -> None:
    alive = requests.get(f"{stack.url(name)}/healthz", timeout=5)
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    ready = requests.get(f"{stack.url(name)}/readyz", timeout=5)
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    health = requests.get(f"{stack.url(name)}/health", timeout=5)
    assert health.status_code == 200
    assert (health.json()["ok"], health.json()["status"]) == (True, "ok")
    for answer in (alive, ready, health):
        assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("name", ("ingest", "dashboard"))
def test_readiness_says_that_anybody_may_come(stack: Stack, name: str) -> None:
    text = requests.get(f"{stack.url(name)}/readyz", timeout=5).text
    assert "auth" in text, "without keys, /readyz says that authentication is off"


@pytest.mark.parametrize("name", DAEMONS)
def test_metrics_are_well_formed_and_complete(stack: Stack, name: str, device: str) -> None:
    ingest(stack, reading(device))
    for path in ("/devices", "/metrics"):  # a family with labels shows once it has a series
        requests.get(stack.url(name) + path, timeout=10)
    text, samples = scrape(stack, name)
    families = declared(text)
    assert not (missing := KEPT[name] - families), f"missing: {missing}"
    ours = {n for n in families if n.startswith("weir_")}
    foreign = families - KEPT[name] - ours
    assert all(n.startswith(("process_", "http_", "active_", "api_")) for n in foreign), foreign
    assert any(s.name == "weir_build_info" for s in samples)
    assert any(s.name == "process_resident_memory_bytes" and s.value > 0 for s in samples)
    for sample in samples:
        base = sample.name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        if base in LABELS:
            assert {key for key, _ in sample.labels} - {"le"} == LABELS[base], sample


@pytest.mark.parametrize("name", DAEMONS)
def test_openmetrics_when_asked_for(stack: Stack, name: str) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = requests.get(f"{stack.url(name)}/metrics", headers=accept, timeout=5)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_no_label_takes_a_value_from_a_device(stack: Stack, oracle: Oracle, device: str) -> None:
    item = reading(device, now_ms(), **{"e2e_odd_sensor": 1})
    ingest(stack, item)
    oracle.wait_aggregated()
    for path in (f"/devices/{device}/telemetry", f"/status/{device}", f"/no/{device}"):
        requests.get(stack.dashboard + path, timeout=10)
        requests.get(stack.ingest + path, timeout=10)
    for name in DAEMONS:
        _, samples = scrape(stack, name)
        for sample in samples:
            for key, value in sample.labels:
                assert device not in value and "e2e_odd_sensor" not in value, sample
                assert key != "device_id", sample


def test_requests_are_counted_by_template(stack: Stack, device: str) -> None:
    def count() -> float:
        _, samples = scrape(stack, "dashboard")
        wanted = {"endpoint": "/devices/{id}/telemetry", "method": "GET"}
        return sum(
            s.value
            for s in samples
            if s.name == "api_requests_total" and wanted.items() <= dict(s.labels).items()
        )

    before = count()
    for _ in range(3):
        requests.get(f"{stack.dashboard}/devices/{device}/telemetry", timeout=10)
    assert count() == before + 3


def test_ingest_counts_readings(stack: Stack, device: str) -> None:
    def count() -> float:
        _, samples = scrape(stack, "ingest")
        return sum(s.value for s in samples if s.name == "telemetry_ingested_total")

    before = count()
    ingest(stack, [reading(device, now_ms() - i) for i in range(7)])
    assert count() == before + 7


def test_nothing_is_unaccounted(stack: Stack, oracle: Oracle) -> None:
    oracle.wait_aggregated()
    assert unaccounted(stack.url("aggregator")) == 0


@pytest.mark.parametrize(
    "text",
    [
        "x 1\n",
        "# HELP x y\n# TYPE x gauge\nx 1\nx 2\n",
        "# HELP x_total y\n# TYPE x_total gauge\nx_total 1\n",
        "# HELP x y\n# TYPE x counter\nx 1\n",
        '# HELP x y\n# TYPE x gauge\nx{a="1",a="2"} 1\n',
        '# HELP x y\n# TYPE x gauge\nx{a="1} 1\n',
        "# HELP x y\n# TYPE x gauge\nx 1",
        "# HELP x y\n# TYPE x gauge\nx one\n",
        '# HELP x y\n# TYPE x histogram\nx_bucket{le="1"} 2\nx_bucket{le="+Inf"} 1\nx_sum 1\n'
        "x_count 1\n",
    ],
)
def test_the_checker_itself_refuses(text: str) -> None:
    with pytest.raises((FormatError, ValueError)):
        metrics_text.parse(text)
