"""What goes wrong, when and for how long: all of it follows from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

DAEMONS = ("ingest", "aggregator-1", "aggregator-2", "alerter")
LINES = ("kafka-line", "store-line")  # between the daemons and the broker, and the store

# (weight, kind, targets, longest in seconds). A pause may last as long as the run says.
KINDS = (
    (20, "kill", DAEMONS, 1.5),
    (6, "stop", DAEMONS, 1.5),
    (16, "pause", DAEMONS, None),
    (4, "kill", ("kafka",), 1.0),
    (6, "kill", ("store",), 1.0),
    (4, "pause", ("kafka",), None),
    (6, "pause", ("store",), None),
    (6, "cut", LINES, 2.0),
    (4, "reset", LINES, 0.3),
    (6, "freeze", LINES, 4.0),
    (6, "delay", LINES, 3.0),
    (5, "half-close", LINES, 1.0),
    (5, "cut-after", LINES, 1.5),
    (12, "lose-answers", LINES, 1.5),
)


@dataclass(frozen=True)
class Fault:
    kind: str
    target: str
    lasts_s: float
    gap_s: float  # of peace, after it has ended
    joins: bool  # begins while the one before it still lasts
    number: int  # of bytes, answers, milliseconds: what the kind needs
    way: str  # "up", "down" or both

    def __str__(self) -> str:
        joins = "with that, " if self.joins else ""
        return f"{joins}{self.kind} {self.target} {self.lasts_s:.1f} s"


def plan(seed: int, count: int, longest_s: float) -> list[Fault]:
    rng = random.Random(seed)
    faults: list[Fault] = []
    for _ in range(count):
        faults.append(_draw(rng, longest_s, faults[-1] if faults else None))
    return faults


def _draw(rng: random.Random, longest_s: float, before: Fault | None) -> Fault:
    """Two at once never have one target: the end of the one would end the other."""
    weights = [weight for weight, *_ in KINDS]
    _, kind, targets, limit = rng.choices(KINDS, weights)[0]
    target = rng.choice(targets)
    most = longest_s if limit is None else min(limit, longest_s)
    return Fault(
        kind=kind,
        target=target,
        lasts_s=round(most * rng.random() ** 2, 2),
        gap_s=round(rng.random() ** 3 * 2, 2),
        joins=rng.random() < 0.3
        and before is not None
        and not before.joins
        and before.target != target,
        number=rng.randint(1, 400),
        way=rng.choice(("up", "down", "updown")),
    )
