"""The reading decoder alone."""

from __future__ import annotations

from pathlib import Path

from . import machine
from .goals import Row, at_most

LIMIT_NS = 300


def measure(build: Path) -> float:
    """Nanoseconds a reading."""
    return machine.run_json([str(build / "bench/bench_decode")], machine.MEASURED)["ns"]


def rows(ns: float) -> list[Row]:
    return [at_most("decoder alone", f"<= {LIMIT_NS} ns a reading", ns, LIMIT_NS, f"{ns:.0f} ns")]
