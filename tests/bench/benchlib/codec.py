"""The decoder and the encoder of readings alone, in user space."""

from __future__ import annotations

from pathlib import Path

from . import machine
from .goals import Row, at_most

# What they took before the routes had rows of their own, on the machine of performance.md.
DECODE_BEFORE_NS = 220
ENCODE_BEFORE_NS = 155


def measure(build: Path) -> dict:
    """decode_ns and encode_ns, a reading."""
    return machine.run_json([str(build / "bench/bench_reading")], machine.MEASURED)


def rows(alone: dict) -> list[Row]:
    decode, encode = alone["decode_ns"], alone["encode_ns"]
    return [
        at_most(
            "reading decoder alone",
            f"<= {DECODE_BEFORE_NS} ns a reading, as it was",
            decode,
            DECODE_BEFORE_NS,
            f"{decode:.0f} ns",
        ),
        at_most(
            "reading encoder alone",
            f"<= {ENCODE_BEFORE_NS} ns a reading, as it was",
            encode,
            ENCODE_BEFORE_NS,
            f"{encode:.0f} ns",
        ),
    ]
