"""What the alerter must make of the log: contract.md section 8 as a small state machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from .log import Record
from .readings import parse_time_ms


@dataclass(frozen=True)
class Rule:
    id: str
    sensor: str
    above: bool
    threshold: float
    critical_beyond: float

    def distance(self, value: float) -> float:
        return value - self.threshold if self.above else self.threshold - value

    def severity(self, value: float) -> str:
        return "critical" if self.distance(value) > self.critical_beyond else "warning"

    def message(self, value: float) -> str:
        number = repr(int(value) if value == int(value) else value)
        side = "above maximum" if self.above else "below minimum"
        label = self.severity(value).upper()
        return f"{label}: {self.sensor} value {number} is {side} threshold"


# The defaults -10, 50, 0, 100; 20 % of the magnitude, or of the span where the threshold is 0.
RULES = (
    Rule("temperature_c_high", "temperature_c", True, 50.0, 10.0),
    Rule("temperature_c_low", "temperature_c", False, -10.0, 2.0),
    Rule("humidity_high", "humidity", True, 100.0, 20.0),
    Rule("humidity_low", "humidity", False, 0.0, 20.0),
)


@dataclass
class Episode:
    rule: Rule
    device: str
    start_ms: int
    value: float
    last_value: float
    peak: float
    severity: str
    count: int = 1
    resolved_ms: int | None = None
    events: list[tuple[str, int, float]] = field(default_factory=list)

    @property
    def id(self) -> str:
        text = f"{self.rule.id}\0{self.device}\0{self.start_ms}"
        return hashlib.sha256(text.encode()).digest()[:12].hex()


@dataclass
class _State:
    changed_ms: int | None = None
    active: Episode | None = None


def episodes(records: Iterable[Record], prefix: str) -> dict[str, Episode]:
    """By id, for the devices whose names begin so. Records in offset order of each partition."""
    found: dict[str, Episode] = {}
    states: dict[tuple[str, str], _State] = {}
    for record in records:
        if record.key is not None and not record.key.startswith(prefix.encode()):
            continue  # another device's, or no reading at all
        item = json.loads(record.value or b"null")
        if not item["device_id"].startswith(prefix):
            continue
        for rule in RULES:
            if rule.sensor in item:
                state = states.setdefault((rule.id, item["device_id"]), _State())
                ts_ms = parse_time_ms(item["ts"])
                started = _judge(state, rule, item["device_id"], ts_ms, float(item[rule.sensor]))
                if started:
                    found[started.id] = started
    return found


def _judge(
    state: _State, rule: Rule, device: str, ts_ms: int, value: float
) -> Episode | None:
    if state.changed_ms is not None and ts_ms <= state.changed_ms:
        return None  # late, or the same one again: it tells nothing about now
    violated, episode = rule.distance(value) > 0, state.active
    if not violated and not episode:
        return None
    state.changed_ms = ts_ms
    if not violated:
        episode.resolved_ms = ts_ms
        episode.events.append(("resolved", ts_ms, value))
        state.active = None
        return None
    if episode:
        _extend(episode, ts_ms, value)
        return None
    severity = rule.severity(value)
    state.active = Episode(rule, device, ts_ms, value, value, value, severity)
    state.active.events.append(("fired", ts_ms, value))
    return state.active


def _extend(episode: Episode, ts_ms: int, value: float) -> None:
    rule = episode.rule
    episode.count += 1
    episode.last_value = value
    if rule.distance(value) > rule.distance(episode.peak):
        episode.peak = value
    if episode.severity == "warning" and rule.severity(value) == "critical":
        episode.severity = "critical"
        episode.events.append(("updated", ts_ms, value))
