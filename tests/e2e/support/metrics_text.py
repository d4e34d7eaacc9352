"""A strict reader of Prometheus' text format 0.0.4, with the checks of `promtool check metrics`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
_SUFFIXES = ("_bucket", "_sum", "_count")


@dataclass(frozen=True)
class Sample:
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float

    def label(self, name: str) -> str | None:
        return dict(self.labels).get(name)


class FormatError(AssertionError):
    pass


def parse(text: str) -> list[Sample]:
    """The samples; raises FormatError for whatever Prometheus would refuse or warn about."""
    _must(text.endswith("\n"), "the last line has no end")
    types: dict[str, str] = {}
    helps: set[str] = set()
    closed: set[str] = set()  # families that were left: they must not come again
    current = ""
    samples: list[Sample] = []
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, rest = line[7:].partition(" ")
            _must(name not in helps and rest.strip() != "", f"second or empty HELP: {line}")
            helps.add(name)
            current = _enter(name, current, closed)
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            _must(name not in types and kind in _TYPES, f"second or unknown TYPE: {line}")
            types[name] = kind
            current = _enter(name, current, closed)
        elif line and not line.startswith("#"):
            sample = _sample(line)
            family = _family(sample.name, types)
            _must(family in types and family in helps, f"no HELP and TYPE before: {line}")
            current = _enter(family, current, closed)
            samples.append(sample)
    series = [(sample.name, tuple(sorted(sample.labels))) for sample in samples]
    _must(len(series) == len(set(series)), "a series appears twice")
    for name, kind in types.items():
        _lint(name, kind, [s for s in samples if _family(s.name, types) == name])
    return samples


def _enter(name: str, current: str, closed: set[str]) -> str:
    _must(name not in closed, f"lines of {name} are not together")
    if current and name != current:
        closed.add(current)
    return name


def _family(name: str, types: dict[str, str]) -> str:
    for suffix in _SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and types.get(base) in ("histogram", "summary"):
            return base
    return name


def _sample(line: str) -> Sample:
    match = _NAME.match(line)
    _must(match is not None, f"no metric name: {line}")
    name, rest = match.group(), line[match.end() :]
    labels: list[tuple[str, str]] = []
    if rest.startswith("{"):
        body, brace, rest = rest[1:].rpartition("}")
        _must(brace == "}", f"no closing brace: {line}")
        labels = _labels(body, line)
    fields = rest.split(" ")
    _must(fields[0] == "" and len(fields) in (2, 3), f"no value: {line}")
    return Sample(name, tuple(labels), float(fields[1].replace("Inf", "inf")))


def _labels(body: str, line: str) -> list[tuple[str, str]]:
    labels, at = [], 0
    while at < len(body):
        match = _LABEL.match(body, at)
        _must(match is not None, f"bad label: {line}")
        labels.append((match.group(1), match.group(2)))
        at = match.end()
    _must(len({name for name, _ in labels}) == len(labels), f"a label twice: {line}")
    return labels


def _lint(name: str, kind: str, samples: list[Sample]) -> None:
    if kind == "counter":
        _must(name.endswith("_total"), f"counter {name} does not end in _total")
        _must(all(s.value >= 0 for s in samples), f"counter {name} is negative")
    if kind in ("gauge", "histogram", "summary"):
        # count_total and the like are names of the older systems
        _must(not name.endswith("_total"), f"{kind} {name} ends in _total")
    if kind == "histogram":
        _lint_histogram(name, samples)


def _lint_histogram(name: str, samples: list[Sample]) -> None:
    series: dict[tuple, dict[str, list[Sample]]] = {}
    for sample in samples:
        key = tuple(sorted(label for label in sample.labels if label[0] != "le"))
        suffix = sample.name.removeprefix(name)
        series.setdefault(key, {}).setdefault(suffix, []).append(sample)
    for key, parts in series.items():
        buckets = [(float(s.label("le")), s.value) for s in parts["_bucket"]]
        _must(buckets == sorted(buckets), f"{name}{key}: buckets are not in order")
        _must(all(a[1] <= b[1] for a, b in zip(buckets, buckets[1:])), f"{name}{key}: not rising")
        _must(math.isinf(buckets[-1][0]), f"{name}{key}: no +Inf bucket")
        _must(buckets[-1][1] == parts["_count"][0].value, f"{name}{key}: +Inf is not _count")
        _must(len(parts["_sum"]) == 1, f"{name}{key}: no _sum")


def _must(condition: bool, message: str) -> None:
    if not condition:
        raise FormatError(message)
