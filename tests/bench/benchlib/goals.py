"""Rows of the table: what was asked, what was measured, and whether that is enough."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass


@dataclass
class Row:
    """`met` is None where a figure has no goal, or could not be measured."""

    work: str
    goal: str
    measured: str
    met: bool | None = None


def median(rounds: list[dict], key: str) -> float:
    return statistics.median(r[key] for r in rounds)


def at_most(work: str, goal: str, value: float, limit: float, text: str) -> Row:
    return Row(work, goal, text, value <= limit)


def at_least(work: str, goal: str, value: float, limit: float, text: str) -> Row:
    return Row(work, goal, text, value >= limit)


WORDS = {True: "pass", False: "MISSED", None: "-"}
HEAD = Row("work", "goal", "measured")


def table(rows: list[Row]) -> str:
    work = max(len(r.work) for r in [HEAD, *rows])
    goal = max(len(r.goal) for r in [HEAD, *rows])
    lines = [f"{'':6}  {HEAD.work:{work}}  {HEAD.goal:{goal}}  {HEAD.measured}"]
    lines += [f"{WORDS[r.met]:6}  {r.work:{work}}  {r.goal:{goal}}  {r.measured}" for r in rows]
    return "\n".join(lines)


def as_json(rows: list[Row]) -> list[dict]:
    return [asdict(r) for r in rows]
