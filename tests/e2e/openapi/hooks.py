"""What the OpenAPI document can say in words only: which generated bodies are not to be held
against the daemon, and how newline-delimited JSON is written."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import schemathesis

SENSORS_MAX = 32


@schemathesis.serializer("application/x-ndjson")
def lines(ctx: object, value: object) -> bytes:
    items = value if isinstance(value, list) else [value]
    return value if isinstance(value, bytes) else b"".join(line(item) for item in items)


def line(item: object) -> bytes:
    return (item if isinstance(item, str) else json.dumps(item)).encode(errors="replace") + b"\n"


@schemathesis.hook
def filter_body(ctx: object, body: object) -> bool:
    """Drops what is refused for a reason that no schema can give."""
    items = body if isinstance(body, list) else [body]
    if "\\u0000" in json.dumps(body, default=str):
        return False  # NUL is not taken in any string
    return not any(in_words_only(item) for item in items if isinstance(item, dict))


def in_words_only(item: dict) -> bool:
    ids = (item.get("device_id"), item.get("source"))
    times = (item.get("ts"), item.get("timestamp"))
    return (
        any(isinstance(id_, str) and len(id_.encode(errors="replace")) > 128 for id_ in ids)
        or any(is_future(time) for time in times)
        or len(item) > SENSORS_MAX
    )


def is_future(time: object) -> bool:
    soon = datetime.now(timezone.utc) + timedelta(minutes=4)
    if isinstance(time, (int, float)) and not isinstance(time, bool):
        return (time if abs(time) < 1e11 else time / 1000) > soon.timestamp()
    if not isinstance(time, str):
        return False
    return time[:19] > soon.isoformat()[:19]  # offsets are less than a day, and rare this near
