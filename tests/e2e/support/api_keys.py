"""Keys as contract.md section 3 describes them, written down a second time so that the two can
disagree, and weirctl for those that the tool makes."""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from .daemon import run_path
from .readings import now_ms, rfc3339
from .stack import binaries

BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
HOUR_MS = 3_600_000


def _letters(count: int) -> str:
    return "".join(secrets.choice(BASE32) for _ in range(count))


def with_crc(text: str) -> str:
    return f"{text}_{zlib.crc32(text.encode()):08x}"


@dataclass(frozen=True)
class Key:
    id: str = field(default_factory=lambda: _letters(8))
    secret: str = field(default_factory=lambda: _letters(40))

    @property
    def text(self) -> str:
        return with_crc(f"wk_{self.id}_{self.secret}")

    def entry(self, *scopes: str, **more: object) -> dict:
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        return {"id": self.id, "sha256": digest, "scopes": list(scopes)} | more


def in_hours(hours: float) -> str:
    return rfc3339(now_ms() + round(hours * HOUR_MS))


def write_keys(path: Path, *entries: dict) -> None:
    write_text(path, json.dumps({"version": 1, "keys": entries}))


def write_text(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.rename(path)


def weirctl(*args: str) -> str:
    done = run_path(binaries() / "weirctl", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
