"""Influx line protocol, sent as Telegraf and the Arduino client of InfluxData send it."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.client import need_route
from support.log import Log
from support.oracle import Oracle
from support.readings import now_ms, reading_id
from support.stack import Stack, binaries

TELEGRAF = {
    "User-Agent": "Telegraf/1.37.2 Go/1.26.8",
    "Authorization": "Token tok",
    "Content-Encoding": "gzip",
    "Content-Type": "text/plain; charset=utf-8",
    "Accept-Encoding": "gzip",
}
ARDUINO = {
    "User-Agent": "influxdb-client-arduino/3.13.2 (ESP32 2.0.11)",
    "Authorization": "Token tok",
    "Content-Type": "text/plain",
}
V2 = "/api/v2/write?org=o&bucket=b"


@pytest.fixture(autouse=True)
def _routes(stack: Stack) -> None:
    need_route(f"{stack.ingest}/write")


@pytest.fixture
def untouched(stack: Stack) -> Iterator[None]:
    log = Log(stack.kafka)
    before = log.ends()
    yield
    after = log.ends()
    log.close()
    assert after == before


def write(stack: Stack, path: str, body: str | bytes, **headers: str) -> requests.Response:
    data = body.encode() if isinstance(body, str) else body
    return requests.post(f"{stack.ingest}{path}", data=data, headers=headers, timeout=15)


def telegraf(stack: Stack, body: str) -> requests.Response:
    """Compressed and in one chunk: Go does not know the length beforehand."""
    packed = iter([gzip.compress(body.encode())])
    return requests.post(f"{stack.ingest}{V2}", data=packed, headers=TELEGRAF, timeout=15)


def must_take(answer: requests.Response) -> None:
    assert (answer.status_code, answer.content) == (204, b""), answer.text


def test_telegraf_s_lines_of_one_moment_are_all_kept(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    """Its stamps are whole seconds and the same for every measurement of a host; a string may hold
    a line feed. When an answer is lost it sends again, with the fields in another order."""
    second = now_ms() // 1000
    host, stamp = f"{device}\\ 1", f"{second}000000000"
    state = 'state="a \\"b\\"\nc\\\\"'
    first = (
        f"cpu,cpu=cpu0,host={host} usage_idle=98.49498327759198,usage_user=1.25 {stamp}\n"
        f"cpu,cpu=cpu1,host={host} usage_idle=90.5,usage_user=9.25 {stamp}\n"
        f"mem,host={host} {state},ok=true,used=12345678901i,total=16i {stamp}\n"
    )
    again = (
        f"cpu,cpu=cpu0,host={host} usage_user=1.25,usage_idle=98.49498327759198 {stamp}\n"
        f"cpu,cpu=cpu1,host={host} usage_user=9.25,usage_idle=90.5 {stamp}\n"
        f"mem,host={host} total=16i,used=12345678901i,ok=true,{state} {stamp}\n"
    )
    must_take(telegraf(stack, first))
    must_take(telegraf(stack, again))
    documents = oracle.raw_when_aggregated(device)
    assert sorted(d["usage_idle"] for d in documents.values() if "usage_idle" in d) == [
        90.5,
        98.49498327759198,
    ]
    (mem,) = (d for d in documents.values() if "used" in d)
    assert len(documents) == 3
    assert (mem["used"], mem["total"]) == (12345678901, 16)
    assert not {"state", "ok", "host"} & mem.keys()
    for key, document in documents.items():
        assert document["device_id"] == f"{device} 1"
        assert int(document["ts"]) == second * 1000
        assert key == reading_id(f"{device} 1", second * 1000, document["seq"])


MEM = (
    "active available available_percent buffered cached commit_limit committed_as dirty free high_free "
    "high_total huge_page_size huge_pages_free huge_pages_total inactive low_free low_total mapped "
    "page_tables shared slab sreclaimable sunreclaim swap_cached swap_free swap_total total used "
    "used_percent vmalloc_chunk vmalloc_total vmalloc_used write_back write_back_tmp"
).split()


def test_telegraf_s_mem_is_two_readings(stack: Stack, oracle: Oracle, device: str) -> None:
    """More fields than a reading holds, in any order, and under a key of the request too."""
    second = now_ms() // 1000
    fields = [f"{name}={number}i" for number, name in enumerate(MEM)]

    def line(host: str, fields: list[str]) -> str:
        return f"mem,host={host} {','.join(fields)} {second}000000000\n"

    must_take(telegraf(stack, line(device, fields)))
    must_take(telegraf(stack, line(device, fields[::-1])))
    for _ in range(2):
        keyed = {"Idempotency-Key": device}
        must_take(write(stack, V2, line(f"{device}-k", fields), **keyed))
    documents = oracle.raw_when_aggregated(device)
    for name in (device, f"{device}-k"):
        parts = [d for d in documents.values() if d["device_id"] == name]
        assert len(parts) == 2
        assert {int(part["ts"]) for part in parts} == {second * 1000}
        found = [(field, part[field]) for part in parts for field in MEM if field in part]
        assert sorted(found) == [(field, number) for number, field in enumerate(MEM)]
    oracle.check()


def test_the_arduino_client_s_points_are_stored(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    """Tags in the order of the sketch, String(value, 2) for floats, the precision of WriteOptions."""
    ms = now_ms()
    body = (
        f"environment,device={device},SSID=home\\ net temperature_c=21.50,humidity=48.00,rssi=-61i,"
        f"battery_level=87i,online=true,lat=32.10,lon=34.90,seq=7i {ms}\n"
        f"environment,device={device},SSID=home\\ net temperature_c=21.75,humidity=48.00 {ms + 1}\n"
    )
    must_take(write(stack, f"{V2}&precision=ms", body, **ARDUINO))
    must_take(write(stack, "/write?db=d&u=me&p=secret&precision=ms", body, **ARDUINO))
    documents = oracle.raw_when_aggregated(device)
    assert len(documents) == 2  # both routes mean the same reading
    own = documents[reading_id(device, ms, 7)]
    wanted = {"temperature_c": 21.5, "humidity": 48, "rssi": -61, "battery_level": 87, "seq": 7}
    assert wanted.items() <= own.items()
    assert (own["online"], own["lat"], own["lon"]) == (True, 32.1, 34.9)
    oracle.check()


def test_the_record_keeps_the_digits(stack: Stack, device: str) -> None:
    log = Log(stack.kafka)
    before = log.ends()
    must_take(write(stack, V2, f"m,host={device} a=21.50,b=3i,c=.5,d=1.,e=18446744073709551615u 1"))
    (record,) = log.read("telemetry.raw", before)
    log.close()
    text = record.value.decode()
    members = '"ts":"1970-01-01T00:00:00.000Z","a":21.50,"b":3,"c":0.5,"d":1,"e":18446744073709551615'
    assert f'{{"device_id":"{device}",{members},"seq":' in text


@pytest.mark.parametrize(
    ("path", "stamp_of"),
    [
        (f"{V2}&precision=ns", lambda ms: f"{ms}000000"),
        (f"{V2}&precision=us", lambda ms: f"{ms}000"),
        (f"{V2}&precision=s", lambda ms: f"{ms // 1000}"),
        (f"{V2}&precision=", lambda ms: f"{ms}999999"),
        ("/write?db=d&precision=n", lambda ms: f"{ms}000000"),
        ("/write?db=d&precision=u", lambda ms: f"{ms}000"),
        ("/write?db=d&rp=r&consistency=one&precision=m", lambda ms: f"{ms // 60_000}"),
        ("/write?db=d&precision=h", lambda ms: f"{ms // 3_600_000}"),
    ],
)
def test_precisions(stack: Stack, oracle: Oracle, device: str, path: str, stamp_of) -> None:
    ms = now_ms() // 3_600_000 * 3_600_000
    must_take(write(stack, path, f"m,host={device} x=1 {stamp_of(ms)}"))
    (document,) = oracle.raw_when_aggregated(device).values()
    assert int(document["ts"]) == ms


def test_without_a_stamp_it_is_the_server_s_time(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    before = now_ms()
    must_take(write(stack, V2, f"m,host={device} x=1\nm,host={device} x=1\n"))
    must_take(write(stack, V2, f"m,host={device}-k x=1\n", **{"Idempotency-Key": device}))
    must_take(write(stack, V2, f"m,host={device}-k x=1\n", **{"Idempotency-Key": device}))
    documents = oracle.raw_when_aggregated(device).values()
    assert sorted(d["device_id"] for d in documents) == [device, device, f"{device}-k"]
    assert all(before <= int(d["ts"]) <= now_ms() and "seq" not in d for d in documents)


def test_good_lines_beside_bad_ones_are_taken(stack: Stack, oracle: Oracle, device: str) -> None:
    body = (
        "# one is good\r\n\r\n"
        "nonsense\r\n"
        f"m,host={device} x=1 {now_ms()}000000\r\n"
        f"m,host={device} x=1e999\r\n"
        f'm,host={device} x=1,s="never closed\r\n'
        f"m,host={device} y=2 {now_ms()}000000\r\n"
    )
    must_take(write(stack, V2, body))
    assert len(oracle.raw_when_aggregated(device)) == 2
    oracle.check()


def test_a_batch_at_the_limit(stack: Stack, oracle: Oracle, device: str) -> None:
    ms = now_ms() - 20_000
    lines = [f"m,host={device} x={i}i {ms + i}" for i in range(10_000)]
    must_take(write(stack, f"{V2}&precision=ms", "\n".join(lines) + "\n"))
    assert len(oracle.raw_when_aggregated(device)) == 10_000


# (path, body, status, what the reason must say)
BAD = [
    (V2, "nonsense", 400, "line 1 .*at least one field, at byte 8"),
    (V2, "# c\n\nm,host=h x=NaN\nnonsense", 400, "line 3 .*NaN and infinity"),
    (V2, "m x=1", 400, "line 1: device_id .*device_id, device or host"),
    (V2, "m,host=h battery_level=101i", 400, "line 1: battery_level must be between 0 and 100"),
    (V2, "m,host=h x=1 9000000000000000000", 400, "line 1: ts .*ahead of the server's clock"),
    (f"{V2}&precision=s", "m,host=h x=1 1795255200000000000", 400, "ts .*check the precision"),
    (V2, 'm,host=h s="only text"', 400, "line 1: the reading must have at least one sensor"),
    (V2, "", 400, "no points"),
    (V2, "\n# nothing\n", 400, "no points"),
    (V2, '{"device_id":"d"}', 400, "line 1"),
    (f"{V2}&precision=m", "m,host=h x=1", 400, "precision must be given once: ns, us, ms or s"),
    (f"{V2}&precision=ms&precision=s", "m,host=h x=1", 400, "precision must be given once"),
    ("/write?db=d&precision=days", "m,host=h x=1", 400, "n, ns, u, us, ms, s, m or h"),
    ("/write?db=d", "nonsense", 400, "unable to parse: line 1"),
    (V2, "m,host=h x=1\n" * 10_001, 413, "at most 10000 lines"),
    (V2, "m,host=h x=1 " + " " * 1_048_577, 413, ""),
]


@pytest.mark.parametrize(("path", "body", "status", "why"), BAD)
def test_errors_have_influx_s_shape(
    stack: Stack, untouched: None, path: str, body: str, status: int, why: str
) -> None:
    answer = write(stack, path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()
    if path.startswith("/write"):
        assert error.keys() == {"error"}
    else:
        assert error.keys() == {"code", "message"}
        assert error["code"] == {400: "invalid", 413: "request too large"}[status]
    assert re.search(why, error.get("message") or error["error"]), error


def test_content_types(stack: Stack, device: str) -> None:
    for kind in ("text/plain", "text/plain; charset=utf-8", "application/octet-stream", ""):
        must_take(write(stack, V2, f"m,host={device} x=1", **{"Content-Type": kind}))
    must_take(write(stack, V2, f"m,host={device} x=1"))
    answer = write(stack, V2, f"m,host={device} x=1", **{"Content-Type": "application/json"})
    assert answer.status_code == 415
    assert "text/plain" in answer.json()["message"]


def test_without_kafka_it_is_to_be_sent_again(stack: Stack, device: str) -> None:
    stack.pause("kafka")
    for path, member in ((V2, "message"), ("/write?db=d", "error")):
        answer = write(stack, path, f"m,host={device} x=1 1")
        assert answer.status_code == 503, answer.text
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert "send it again" in answer.json()[member]


@pytest.fixture
def keyed(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """weir-ingest with one key, which is for devices whose names begin with "mine-"."""
    file = tmp_path / "keys.json"
    command = [binaries() / "weirctl", "key", "create", "--file", file]
    command += ["--scopes", "ingest", "--devices", "mine-*"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    stack.stop("ingest")
    stack.start("ingest", API_KEYS_FILE=str(file))
    yield done.stdout.split()[-1]
    stack.stop("ingest")
    stack.start("ingest")


def test_keys_are_tokens(stack: Stack, keyed: str) -> None:
    token = {"Authorization": f"Token {keyed}"}
    must_take(write(stack, V2, "m,host=mine-1 x=1\nm,host=other x=1\n", **token))
    assert requests.get(f"{stack.ingest}/ping", timeout=10).status_code == 204
    for headers, body, status, code in (
        ({}, "m,host=mine-1 x=1", 401, "unauthorized"),
        ({"Authorization": "Token wrong"}, "m,host=mine-1 x=1", 401, "unauthorized"),
        (token, "m,host=other x=1", 403, "forbidden"),
        (token, "m,host=other x=1\nnonsense", 400, "invalid"),
    ):
        answer = write(stack, V2, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        answer = write(stack, "/write?db=d", body, **headers)
        assert (answer.status_code, answer.json().keys()) == (status, {"error"}), answer.text


def test_what_clients_ask_before_they_write(stack: Stack) -> None:
    """The Arduino client: /health for InfluxDB 2, /ping?verbose=true for 1; others /ping alone."""
    assert requests.get(f"{stack.ingest}/health", timeout=10).status_code == 200
    verbose = requests.get(f"{stack.ingest}/ping?verbose=true&u=a&p=b", timeout=10)
    assert verbose.status_code == 200
    assert verbose.json()["version"] == verbose.headers["X-Influxdb-Version"]
    for method in ("GET", "HEAD"):
        answer = requests.request(method, f"{stack.ingest}/ping", timeout=10)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["X-Influxdb-Version"].startswith("weir-")
