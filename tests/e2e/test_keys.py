"""Keys: every route with every credential, and what the answers say."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from support.api_keys import Key, in_hours, with_crc, write_keys
from support.daemon import Daemon
from support.log import Log
from support.readings import now_ms, reading, rfc3339
from support.stack import Stack
from support.wait import wait_until

RUN = f"keys-{uuid.uuid4().hex[:8]}"
DEVICE, FOREIGN = f"{RUN}-1x", f"{RUN}-2x"
API_KEY = "a key of nobody's making".replace(" ", "-")
RELOADED_S = 5  # it is looked for once a second

NAMES = """both ingest read admin mine other expired pending revoked old new""".split()
KEYS = {name: Key() for name in NAMES}


def entries() -> list[dict]:
    both = ("ingest", "read")
    table = {
        "both": (both, {"note": "every device"}),
        "ingest": (("ingest",), {}),
        "read": (("read",), {}),
        "admin": (("admin",), {}),
        "mine": (both, {"devices": ["nothing-else", f"{RUN}-1*"]}),
        "other": (both, {"devices": [f"{RUN}-2*"]}),
        "expired": (both, {"expires_at": in_hours(-1)}),
        "pending": (both, {"not_before": in_hours(1)}),
        "revoked": (both, {"revoked_at": in_hours(-1)}),
        "old": (both, {"expires_at": in_hours(1)}),
        "new": (both, {"not_before": in_hours(-1)}),
    }
    return [KEYS[name].entry(*scopes, **more) for name, (scopes, more) in table.items()]


@dataclass
class Guarded:
    """The two daemons with keys, beside those of the stack."""

    ingest: Daemon
    dashboard: Daemon
    file: Path
    session: requests.Session


@pytest.fixture(scope="module")
def guarded(_session_stack: Stack) -> Iterator[Guarded]:
    _session_stack.heal()
    file = _session_stack.run / f"{RUN}.json"
    write_keys(file, *entries())
    env = {"API_KEYS_FILE": str(file), "API_KEY": API_KEY}
    with (
        Daemon(_session_stack, "ingest", WORKERS="2", **env).start() as ingest,
        Daemon(_session_stack, "dashboard", **env).start() as dashboard,
        requests.Session() as session,
    ):
        yield Guarded(ingest, dashboard, file, session)


# --- every route with every credential ---------------------------------------------------------

JSON, TEXT = "application/json", "text/plain"


def status_report() -> dict:
    return {"device_id": DEVICE, "timestamp": rfc3339(now_ms()), "battery_level": 87, "rssi": -61} | {
        "online": True
    }


def line() -> str:
    return f"climate,device_id={DEVICE} temperature_c=21.5 {now_ms()}000000"


# path: content type, body, status of success
INGEST: dict[str, tuple[str, Callable[[], object], int]] = {
    "/ingest": (JSON, lambda: reading(DEVICE), 200),
    "/api/v1/readings": (JSON, lambda: reading(DEVICE), 202),
    "/telemetry": (JSON, lambda: {"device_id": DEVICE, "temperature": 21.5}, 200),
    "/status": (JSON, status_report, 201),
    "/api/v2/write": (TEXT, line, 204),
    "/write": (TEXT, line, 204),
}
OF_ALL = """/telemetry /aggregated /alerts /alerts/recent /devices /stats /status/summary
    /status/at-risk""".split()
OF_ONE = """/devices/{id}/telemetry /devices/{id}/aggregates /status/{id}
    /status/{id}/history""".split()
DASHBOARD = OF_ALL + OF_ONE
READ_OK = {200, 404}  # whether the device is known does not matter here


def x_api_key(text: str) -> dict[str, str]:
    return {"X-API-Key": text}


def bearer(text: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {text}".strip()}


def mistyped() -> str:
    text = KEYS["both"].text
    return text[:20] + ("a" if text[20] != "a" else "b") + text[21:]


def of(name: str) -> dict[str, str]:
    return x_api_key(KEYS[name].text)


# What a request brings, and its answer: "ok", a status, or (for ingest, for the dashboard).
UNKNOWN = {
    "empty": x_api_key(""),
    "empty bearer": bearer(""),
    "malformed": x_api_key("wk_nonsense"),
    "bad crc": x_api_key(mistyped()),
    "unknown id": x_api_key(Key().text),
    "wrong secret": x_api_key(Key(id=KEYS["both"].id).text),
    "right secret, other id": x_api_key(Key(secret=KEYS["both"].secret).text),
    "without crc": x_api_key(KEYS["both"].text.rpartition("_")[0]),
    "crc of another": x_api_key(KEYS["both"].text[:-8] + Key().text[-8:]),
    "too long": x_api_key(with_crc(f"wk_{KEYS['both'].id}_" + "a" * 600)),
    "its hash": x_api_key(KEYS["both"].entry()["sha256"]),
    "basic": {"Authorization": f"Basic {KEYS['both'].text}"},
    "no scheme": {"Authorization": KEYS["both"].text},
    "half of API_KEY": x_api_key(API_KEY[:-1]),
}
STATES: dict[str, tuple[dict[str, str], object]] = {
    "none": ({}, 401),
    **{name: (headers, 401) for name, headers in UNKNOWN.items()},
    "expired": (of("expired"), 401),
    "not yet valid": (of("pending"), 401),
    "revoked": (of("revoked"), 401),
    "two keys": (of("both") | bearer(KEYS["new"].text), 400),
    "a good and a bad one": (of("both") | bearer("nonsense"), 400),
    "only ingest": (of("ingest"), ("ok", 403)),
    "only read": (of("read"), (403, "ok")),
    "only admin": (of("admin"), 403),
    "another's pattern": (of("other"), 403),
    "its pattern": (of("mine"), ("ok", "limited")),
    "X-API-Key": (of("both"), "ok"),
    "Bearer": (bearer(KEYS["both"].text), "ok"),
    "Token": (bearer(KEYS["both"].text, "Token"), "ok"),
    "the same twice": (of("both") | bearer(KEYS["both"].text), "ok"),
    "API_KEY": (x_api_key(API_KEY), "ok"),
    "rotated, old": (of("old"), "ok"),
    "rotated, new": (of("new"), "ok"),
}


def send(guarded: Guarded, path: str, headers: dict[str, str]) -> requests.Response:
    kind, body, _ = INGEST[path]
    content = body()
    data = content if isinstance(content, str) else json.dumps(content)
    return guarded.session.post(
        guarded.ingest.url + path,
        data=data.encode(),
        headers={"Content-Type": kind} | headers,
        timeout=15,
    )


def ask(guarded: Guarded, path: str, headers: dict[str, str]) -> requests.Response:
    url = guarded.dashboard.url + path.replace("{id}", DEVICE)
    return guarded.session.get(url, headers=headers, timeout=15)


def check(answer: requests.Response, expected: set[int]) -> None:
    assert answer.status_code in expected, f"{answer.status_code} {answer.text}"
    challenge = answer.headers.get("WWW-Authenticate")
    assert challenge == ('Bearer realm="weir"' if answer.status_code == 401 else None)
    for key in KEYS.values():
        assert key.secret not in answer.text


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("path", INGEST)
def test_ingest(guarded: Guarded, path: str, state: str) -> None:
    headers, expected = STATES[state]
    if isinstance(expected, tuple):
        expected = expected[0]
    answer = send(guarded, path, headers)
    check(answer, {INGEST[path][2] if expected == "ok" else int(str(expected))})


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("path", DASHBOARD)
def test_dashboard(guarded: Guarded, path: str, state: str) -> None:
    headers, expected = STATES[state]
    if isinstance(expected, tuple):
        expected = expected[1]
    if expected == "limited":
        expected = "ok" if path in OF_ONE else 403
    answer = ask(guarded, path, headers)
    check(answer, READ_OK if expected == "ok" else {int(str(expected))})


OPEN = [("ingest", path) for path in "/healthz /readyz /health /metrics /openapi.json /ping".split()]
OPEN += [("dashboard", path) for path in "/ /healthz /readyz /health /metrics".split()]


@pytest.mark.parametrize(("name", "path"), OPEN)
@pytest.mark.parametrize("headers", [{}, x_api_key("nonsense")], ids=["none", "wrong"])
def test_open_routes_need_no_key(
    guarded: Guarded, name: str, path: str, headers: dict[str, str]
) -> None:
    daemon: Daemon = getattr(guarded, name)
    answer = guarded.session.get(daemon.url + path, headers=headers, timeout=10)
    assert answer.status_code in (200, 204), answer.text


# --- what the answers say ----------------------------------------------------------------------


def anonymous(answer: requests.Response) -> str:
    return answer.text.replace(answer.headers["X-Request-Id"], "")


@pytest.mark.parametrize("path", [*INGEST, "/devices"])
def test_a_stranger_learns_nothing(guarded: Guarded, path: str) -> None:
    way = ask if path == "/devices" else send
    bodies = {anonymous(way(guarded, path, headers)) for headers in UNKNOWN.values()}
    assert len(bodies) == 1, bodies
    assert "not known" in bodies.pop()


@pytest.mark.parametrize(
    ("name", "word"),
    [("expired", "expired"), ("pending", "not valid yet"), ("revoked", "revoked"), ("read", '"ingest')],
)
def test_whoever_has_the_key_is_told_why(guarded: Guarded, name: str, word: str) -> None:
    answer = send(guarded, "/ingest", of(name))
    assert word in answer.json()["detail"]


def test_errors_have_the_shape_of_their_route(guarded: Guarded) -> None:
    problem = send(guarded, "/api/v1/readings", {})
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json().items() >= {"status": 401, "code": "key_missing"}.items()
    assert set(send(guarded, "/status", {}).json()) == {"detail"}
    assert set(ask(guarded, "/stats", {}).json()) == {"detail"}
    assert set(send(guarded, "/api/v2/write", {}).json()) == {"code", "message"}
    assert set(send(guarded, "/write", {}).json()) == {"error"}


# --- devices in batches ------------------------------------------------------------------------


def post_batch(guarded: Guarded, items: list[dict], key: str) -> requests.Response:
    url = f"{guarded.ingest.url}/api/v1/readings"
    return guarded.session.post(url, json=items, headers=of(key), timeout=15)


def test_items_of_other_devices_are_rejected(guarded: Guarded, log: Log) -> None:
    before = log.ends()
    items = [reading(FOREIGN), reading(DEVICE), {"device_id": FOREIGN}, reading(f"x{DEVICE}")]
    answer = post_batch(guarded, items, "mine")
    assert answer.status_code == 207, answer.text
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (1, 3)
    codes = {error["index"]: error["code"] for error in told["errors"]}
    assert codes[0] == codes[3] == "forbidden" and codes[2] != "forbidden"
    assert [r.json["device_id"] for r in log.read("telemetry.raw", before)] == [DEVICE]


def test_a_batch_of_other_devices_alone_is_refused(guarded: Guarded, log: Log) -> None:
    before = log.ends()
    answer = post_batch(guarded, [reading(FOREIGN), reading(FOREIGN)], "mine")
    assert answer.status_code == 422, answer.text
    assert {error["code"] for error in answer.json()["errors"]} == {"forbidden"}
    assert log.ends() == before


def test_lines_of_other_devices_are_left_out(guarded: Guarded, log: Log) -> None:
    before = log.ends()
    lines = f"m,device_id={FOREIGN} temperature_c=1\nm,device_id={DEVICE} temperature_c=2\n"
    answer = guarded.session.post(
        f"{guarded.ingest.url}/api/v2/write", data=lines, headers=of("mine"), timeout=15
    )
    assert answer.status_code == 204, answer.text
    assert [r.json["device_id"] for r in log.read("telemetry.raw", before)] == [DEVICE]


def test_what_is_refused_leaves_no_trace(guarded: Guarded, log: Log) -> None:
    before = log.ends()
    sent = 0
    for headers, expected in STATES.values():
        expected = expected[0] if isinstance(expected, tuple) else expected
        if expected != "ok":
            sent += 1
            assert send(guarded, "/ingest", headers).status_code == expected
    assert sent > 15 and log.ends() == before


def test_an_escaped_device_is_matched_as_it_is_meant(guarded: Guarded) -> None:
    hidden = FOREIGN.replace("-", "%2d")
    url = f"{guarded.dashboard.url}/devices/{hidden}/telemetry"
    assert guarded.session.get(url, headers=of("mine"), timeout=10).status_code == 403
    assert guarded.session.get(url, headers=of("other"), timeout=10).status_code == 200
    url = f"{guarded.dashboard.url}/devices/%ff/telemetry"  # no device can have this id
    assert guarded.session.get(url, headers=of("mine"), timeout=10).status_code == 403


# --- before the body ---------------------------------------------------------------------------

HEAD = "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500000\r\n"


def first_words(daemon: Daemon, head: str) -> str:
    """What comes back for a head whose body never comes."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as client:
        client.sendall(head.encode())
        return client.recv(4096).decode()


@pytest.mark.parametrize("expect", ["Expect: 100-continue\r\n", ""], ids=["100-continue", "plain"])
@pytest.mark.parametrize(
    ("field", "status"),
    [
        ("", 401),
        ("X-API-Key: nonsense\r\n", 401),
        (f"X-API-Key: {KEYS['expired'].text}\r\n", 401),
        (f"X-API-Key: {KEYS['read'].text}\r\n", 403),
        (f"X-API-Key: {API_KEY}\r\nAuthorization: Bearer x\r\n", 400),
        ("X-API-Key: a\r\nX-API-Key: b\r\n", 400),
    ],
)
def test_the_body_of_a_stranger_is_not_waited_for(
    guarded: Guarded, expect: str, field: str, status: int
) -> None:
    answer = first_words(guarded.ingest, HEAD + field + expect + "\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} "), answer
    assert "Connection: close" in answer


def test_the_body_of_a_friend_is(guarded: Guarded) -> None:
    field = f"X-API-Key: {KEYS['both'].text}\r\nExpect: 100-continue\r\n\r\n"
    assert first_words(guarded.ingest, HEAD + field) == "HTTP/1.1 100 Continue\r\n\r\n"


# --- the daemons themselves -------------------------------------------------------------------


def test_every_loop_of_ingest_takes_the_new_keys(guarded: Guarded) -> None:
    late = Key()
    write_keys(guarded.file, *entries(), late.entry("ingest"))
    for _ in range(8):  # connections of their own: they go to both loops
        wait_until(
            lambda: requests.post(
                f"{guarded.ingest.url}/ingest",
                json=reading(DEVICE),
                headers=x_api_key(late.text),
                timeout=10,
            ).status_code
            == 200,
            RELOADED_S,
            "the new key",
        )
    write_keys(guarded.file, *entries())


def test_off_is_said_and_on_too(_session_stack: Stack, guarded: Guarded) -> None:
    for name in ("ingest", "dashboard"):
        url = f"{_session_stack.url(name)}/readyz"
        assert requests.get(url, timeout=10).json()["authentication"] == "off"
    for daemon in (guarded.ingest, guarded.dashboard):
        told = requests.get(f"{daemon.url}/readyz", timeout=10).json()
        assert told["authentication"] == "on"


def test_no_secret_comes_into_a_log(guarded: Guarded) -> None:
    for daemon in (guarded.ingest, guarded.dashboard):
        text = daemon.log.read_text()
        assert not [name for name, key in KEYS.items() if key.secret in text]
        assert API_KEY not in text
