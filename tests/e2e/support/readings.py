"""Readings as devices send them, and the id that the contract gives each."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timezone


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


def parse_time_ms(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert moment.tzinfo, f"{text}: no offset"
    return round(moment.timestamp() * 1000)


def reading(device: str, ts_ms: int | None = None, temperature: float = 21.5, **more) -> dict:
    ts = rfc3339(now_ms() if ts_ms is None else ts_ms)
    return {"device_id": device, "ts": ts, "temperature_c": temperature, "humidity": 48.0} | more


def reading_id(device: str, ts_ms: int, seq: int | None = None) -> str:
    """contract.md section 2, written down a second time so that the two can disagree."""
    text = f"{device}\0{ts_ms}" + ("" if seq is None else f"\0{seq}")
    seconds = min(max(ts_ms // 1000, 0), 2**32 - 1)
    return seconds.to_bytes(4, "big").hex() + hashlib.sha256(text.encode()).digest()[:8].hex()


def keyed_id(device: str, key: str) -> str:
    return hashlib.sha256(f"{device}\0{key}".encode()).digest()[:12].hex()


def id_of(item: dict) -> str:
    return reading_id(item["device_id"], parse_time_ms(item["ts"]), item.get("seq"))
