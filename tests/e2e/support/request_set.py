"""A fixed set of requests over plain sockets, and what became of every reading in them."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from .log import Log
from .readings import now_ms, reading

HANG_S = 8.0  # an answer, even a refusal, comes sooner than this


@dataclass
class Outcome:
    """Devices by what their only reading met; each reading has a device of its own."""

    accepted: set[str] = field(default_factory=set)  # 2xx
    refused: set[str] = field(default_factory=set)  # 4xx
    unknown: set[str] = field(default_factory=set)  # 5xx or no answer
    statuses: list[int | None] = field(default_factory=list)

    def add(self, status: int | None, devices: list[str]) -> None:
        self.statuses.append(status)
        known = status is not None and status < 500
        kind = self.unknown if not known else self.accepted if status < 300 else self.refused
        kind.update(devices)

    def merge(self, other: Outcome) -> None:
        self.accepted |= other.accepted
        self.refused |= other.refused
        self.unknown |= other.unknown


@dataclass(frozen=True)
class Request:
    wire: bytes
    status: int  # when nothing fails
    devices: list[str]


class RequestSet:
    """Every way to hand over a reading, and some that must be refused."""

    def __init__(self, url: str, prefix: str) -> None:
        split = urlsplit(url)
        self.address = (split.hostname or "", split.port or 0)
        self.prefix = prefix
        self.numbers = itertools.count()
        self.batch = _has(f"{url}/api/v1/readings")
        self.lines = _has(f"{url}/api/v2/write")

    def small(self) -> Outcome:
        """One reading and one question, each on a connection of its own."""
        return self._run([[self._single()], [_get("/healthz", 200)]])

    def all(self) -> Outcome:
        conversations = [
            [self._single()],
            [self._single(), self._single(), self._single(), _get("/healthz", 200)],
            [self._chunked(), self._single()],
            [_post("/ingest", b"{", 400, []), _get("/nowhere", 404), self._invalid()],
            [_get("/healthz", 200), _get("/readyz", 200), _get("/metrics", 200)],
            [self._last()],
            [Request(b"GET / HTTP/9.9\r\nHost: t\r\n\r\n", 505, [])],
        ]
        if self.batch:
            conversations.append([self._array(), self._ndjson(), self._gzip()])
        if self.lines:
            conversations.append([self._line_protocol()])
        return self._run(conversations)

    def _run(self, conversations: list[list[Request]]) -> Outcome:
        outcome = Outcome()
        for conversation in conversations:
            statuses = talk(self.address, [request.wire for request in conversation])
            for request, status in zip(conversation, statuses, strict=True):
                outcome.add(status, request.devices)
        return outcome

    def expected(self) -> list[int]:
        """The statuses of `all` when nothing fails."""
        some = [200, 200, 200, 200, 200, 200, 200, 400, 404, 422, 200, 200, 200, 200, 505]
        return some + ([202, 202, 202] if self.batch else []) + ([204] if self.lines else [])

    # --- requests --------------------------------------------------------------------------

    def _device(self) -> str:
        return f"{self.prefix}-{next(self.numbers)}"

    def _single(self) -> Request:
        device = self._device()
        return _post("/ingest", _text(device), 200, [device])

    def _last(self) -> Request:
        """Behind its answer the server closes the connection."""
        device = self._device()
        return _post("/ingest", _text(device), 200, [device], headers="Connection: close\r\n")

    def _invalid(self) -> Request:
        device = self._device()
        body = json.dumps({"device_id": device, "humidity": "wet"}).encode()
        return _post("/ingest", body, 422, [device])

    def _chunked(self) -> Request:
        device = self._device()
        body = _text(device)
        pieces = [body[:10], body[10:11], body[11:]]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        head = b"POST /ingest HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        return Request(head + chunks + b"0\r\n\r\n", 200, [device])

    def _many(self) -> tuple[list[str], list[bytes]]:
        devices = [self._device() for _ in range(3)]
        return devices, [_text(device) for device in devices]

    def _array(self) -> Request:
        devices, texts = self._many()
        return _post("/api/v1/readings", b"[" + b",".join(texts) + b"]", 202, devices)

    def _ndjson(self) -> Request:
        devices, texts = self._many()
        kind = "application/x-ndjson"
        return _post("/api/v1/readings", b"\n".join(texts), 202, devices, kind)

    def _gzip(self) -> Request:
        devices, texts = self._many()
        body = gzip.compress(b"[" + b",".join(texts) + b"]")
        encoding = "Content-Encoding: gzip\r\n"
        return _post("/api/v1/readings", body, 202, devices, headers=encoding)

    def _line_protocol(self) -> Request:
        devices = [self._device() for _ in range(3)]
        lines = [f"air,device_id={d} temperature_c=21.5,humidity=48 {now_ms()}" for d in devices]
        path = "/api/v2/write?precision=ms"
        return _post(path, "\n".join(lines).encode(), 204, devices, "text/plain")


def _has(url: str) -> bool:
    return requests.request("PATCH", url, timeout=5).status_code != 404


def _text(device: str) -> bytes:
    return json.dumps(reading(device)).encode()


def _get(path: str, status: int) -> Request:
    return Request(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode(), status, [])


def _post(
    path: str,
    body: bytes,
    status: int,
    devices: list[str],
    kind: str = "application/json",
    headers: str = "",
) -> Request:
    head = f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: {kind}\r\n{headers}"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return Request(head.encode() + body, status, devices)


def talk(address: tuple[str, int], wires: list[bytes]) -> list[int | None]:
    """Sends all at once, as a client that pipelines, and reads as many answers as come; None for
    each that does not, because the connection ended. Fails when the server leaves it hanging."""
    statuses: list[int | None] = []
    try:
        with socket.create_connection(address, timeout=HANG_S) as peer:
            peer.sendall(b"".join(wires))
            _read_answers(peer, len(wires), statuses)
    except TimeoutError:
        asked = wires[len(statuses)][:200]
        raise AssertionError(f"no answer in {HANG_S:g} s to {asked!r} behind {statuses}") from None
    except OSError:
        pass  # refused or reset: what came before counts
    return statuses + [None] * (len(wires) - len(statuses))


def _read_answers(peer: socket.socket, count: int, statuses: list[int | None]) -> None:
    end = time.monotonic() + HANG_S
    data = b""
    while len(statuses) < count:
        status, data = _answer(data)
        if status:
            statuses.append(status)
            continue
        peer.settimeout(max(end - time.monotonic(), 0.01))
        part = peer.recv(65536)
        if not part:
            return
        data += part


def _answer(data: bytes) -> tuple[int | None, bytes]:
    """The status of a complete answer at the beginning, and what follows it."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None, data
    lines = head.split(b"\r\n")
    length = 0
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if len(rest) < length:
        return None, data
    return int(lines[0].split()[1]), rest[length:]


def check_log(log: Log, since: dict[int, int], outcome: Outcome, topic: str, prefix: str) -> None:
    """What was accepted is in the log exactly once, what was refused never, the rest at most once."""
    found: dict[str, int] = {}
    for record in log.read(topic, since):
        device = (record.key or b"").decode()
        if device.startswith(prefix):
            found[device] = found.get(device, 0) + 1
    lost = outcome.accepted - found.keys()
    assert not lost, f"{len(lost)} of {len(outcome.accepted)} accepted are lost: {sorted(lost)[:5]}"
    assert not (stored := outcome.refused & found.keys()), f"refused and stored: {stored}"
    doubles = {device: n for device, n in found.items() if n > 1}
    assert not doubles, f"more than once in the log: {doubles}"
    phantoms = found.keys() - outcome.accepted - outcome.unknown
    assert not phantoms, f"nobody sent these: {sorted(phantoms)[:5]}"
