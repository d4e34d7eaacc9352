"""What became of the readings of a log: lost, stored more than once, counted wrong.

Who a reading is follows from its contents alone, whatever `_id` its document has.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from support.oracle import CODEC, recompute_windows
from support.readings import keyed_id, parse_time_ms, reading_id


@dataclass(frozen=True)
class Account:
    readings: int  # different ones in the log
    lost: int  # of these without a document
    doubled: int  # of these with more than one document
    surplus: int  # documents beyond the first of each
    strangers: int  # documents of no reading of the log

    @property
    def exact(self) -> bool:
        return not (self.lost or self.surplus or self.strangers)


@dataclass(frozen=True)
class Windows:
    all: int
    wrong: int  # missing, of no reading, two for one minute, or with other figures


def time_ms(value: Any) -> int:
    """`ts` as the log has it, or as a date of the store."""
    return parse_time_ms(value) if isinstance(value, str) else int(value)


def identity(reading: dict) -> str:
    device, key = reading["device_id"], reading.get("key")
    return keyed_id(device, key) if key else reading_id(device, time_ms(reading["ts"]), seq(reading))


def seq(reading: dict) -> int | None:
    """A whole number, whatever type of number a store was given."""
    found = reading.get("seq")
    return None if found is None else int(found)


def by_identity(records: Iterable[dict]) -> dict[str, dict]:
    """The readings of a log, each once: the first that bears its identity, as contract.md says."""
    found: dict[str, dict] = {}
    for record in records:
        found.setdefault(identity(record), record)
    return found


def count(wanted: Iterable[str], stored: Iterable[str]) -> Account:
    log, have = set(wanted), Counter(stored)
    return Account(
        readings=len(log),
        lost=len(log - have.keys()),
        doubled=sum(have[key] > 1 for key in log),
        surplus=sum(have[key] - 1 for key in log & have.keys()),
        strangers=sum(n for key, n in have.items() if key not in log),
    )


def of_documents(wanted: Iterable[str], collection: Any) -> Account:
    fields = {"_id": 0, "device_id": 1, "ts": 1, "seq": 1, "key": 1}
    found = collection.with_options(codec_options=CODEC).find({}, fields)
    return count(wanted, map(identity, found))


def of_windows(readings: Iterable[dict], collection: Any) -> Windows:
    """Each minute of each sensor of each device, made again from the log."""
    wanted = recompute_windows(r | {"ts": time_ms(r["ts"])} for r in readings)
    stored: dict[tuple, list[dict]] = defaultdict(list)
    for row in collection.with_options(codec_options=CODEC).find({}):
        stored[row["device_id"], row["sensor_type"], int(row["timestamp"])].append(row)
    places = wanted.keys() | stored.keys()
    right = sum(is_right(stored[place], wanted.get(place, [])) for place in places)
    return Windows(all=len(wanted), wrong=len(places) - right)


def is_right(rows: list[dict], samples: list[tuple[int, float]]) -> bool:
    values = [value for _, value in samples]
    if len(rows) != 1 or not values:
        return False
    want = (len(values), math.fsum(values), min(values), max(values))
    return tuple(rows[0][name] for name in ("count", "sum", "min", "max")) == want
