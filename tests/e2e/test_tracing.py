"""Traces and request ids: from the request into its records, dead letters and log lines."""

from __future__ import annotations

import json

import pytest
import requests

from support.client import post_readings
from support.daemon import Daemon
from support.log import DLQ, RAW, Log, Record, produce
from support.oracle import Oracle
from support.readings import now_ms, reading
from support.stack import Stack
from support.wait import wait_until

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
TRACE = {"traceparent": PARENT, "tracestate": STATE}
WANTED = {"traceparent": PARENT.encode(), "tracestate": STATE.encode()}


def records(log: Log, since: dict[int, int], prefix: str) -> list[Record]:
    found = log.read(RAW, since)
    return [r for r in found if (r.key or b"").startswith(prefix.encode())]


def test_every_record_of_a_request_carries_its_trace(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    since = oracle.log.ends()
    one = requests.post(f"{stack.ingest}/ingest", json=reading(device), headers=TRACE, timeout=15)
    many = post_readings(stack, [reading(f"{device}-{n}") for n in range(20)], **TRACE)
    line = requests.post(
        f"{stack.ingest}/write", data=f"m,host={device}-line x=1", headers=TRACE, timeout=15
    )
    assert (one.status_code, many.status_code, line.status_code) == (200, 202, 204)
    found = records(oracle.log, since, device)
    assert len(found) == 22
    for record in found:
        assert record.headers == WANTED, record.key


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({}, {}),
        ({"tracestate": STATE}, {}),
        ({"traceparent": PARENT.upper()}, {}),
        ({"traceparent": PARENT + "-x"}, {}),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, {}),
        ({"traceparent": PARENT, "tracestate": "nonsense"}, {"traceparent": PARENT.encode()}),
        ({"traceparent": PARENT, "tracestate": "a=" + "1" * 600}, {"traceparent": PARENT.encode()}),
        ({"traceparent": f"cc{PARENT[2:]}-more"}, {"traceparent": PARENT.encode()}),
    ],
)
def test_what_is_no_trace_is_left_out(
    stack: Stack, oracle: Oracle, device: str, sent: dict[str, str], wanted: dict[str, bytes]
) -> None:
    since = oracle.log.ends()
    answer = requests.post(f"{stack.ingest}/ingest", json=reading(device), headers=sent, timeout=15)
    assert answer.status_code == 200  # a bad trace is no reason to lose a reading
    (record,) = records(oracle.log, since, device)
    assert record.headers == wanted


def test_a_dead_letter_carries_the_trace_of_its_request(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    """The record of a request, made into poison as by a later producer, with its headers."""
    oracle.wait_aggregated()
    since, letters = oracle.log.ends(), oracle.log.ends(DLQ)
    requests.post(f"{stack.ingest}/ingest", json=reading(device), headers=TRACE, timeout=15)
    (record,) = records(oracle.log, since, device)
    headers = list(record.headers.items())
    produce(stack.kafka, [{"key": record.key, "value": record.value[:-5], "headers": headers}])
    oracle.wait_aggregated()
    (letter,) = [r for r in oracle.log.read(DLQ, letters) if r.key == record.key]
    assert letter.headers["traceparent"] == PARENT.encode()


def test_a_failed_delivery_is_logged_once_with_request_and_trace(
    stack: Stack, device: str
) -> None:
    stack.kill("kafka")
    with Daemon(stack, "ingest", DELIVERY_TIMEOUT="1s", LOG_FORMAT="json") as daemon:
        daemon.start(wait_ready=False)
        wait_until(lambda: healthy(daemon), 20, daemon.tail)
        items = [reading(f"{device}-{n}", now_ms() + n) for n in range(50)]
        answer = requests.post(
            f"{daemon.url}/api/v1/readings",
            json=items,
            headers=TRACE | {"X-Request-Id": "chosen-by-the-client"},
            timeout=20,
        )
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1
        request_id = answer.headers["X-Request-Id"]
        assert request_id == answer.json()["request_id"] != "chosen-by-the-client"
        lines = [line for line in events(daemon, "delivery_failed")]
        assert [line["request_id"] for line in lines] == [request_id]
        assert lines[0]["trace_id"] == TRACE_ID


def healthy(daemon: Daemon) -> bool:
    try:
        return requests.get(f"{daemon.url}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def events(daemon: Daemon, event: str) -> list[dict]:
    lines = (line for line in daemon.log.read_text().splitlines() if line.startswith("{"))
    return [line for line in map(json.loads, lines) if line["event"] == event]
