"""Types and known fields: Kubernetes' own schemas, and what we use of the operators' kinds."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, Iterator

import importlib_resources
import jsonschema
import kubernetes_validate
import yaml
from referencing import Registry, Resource

from .model import Doc

# The oldest and the newest Kubernetes that k8s/README.md names.
VERSIONS = ("1.33", "1.37")
SHAPES = Path(__file__).with_name("operators.yaml")
# Kubernetes' own schemas list no words, so these stand here.
WORDS = {
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "pathType": {"Exact", "Prefix", "ImplementationSpecific"},
    "whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
    "fsGroupChangePolicy": {"OnRootMismatch", "Always"},
    "protocol": {"TCP", "UDP", "SCTP", "HTTP", "HTTPS"},
    "selectPolicy": {"Max", "Min", "Disabled"},
    "operator": {"In", "NotIn", "Exists", "DoesNotExist"},
}
TYPES = {"string": str, "integer": int, "boolean": bool, "map": dict}


def faults(doc: Doc) -> list[str]:
    """What is wrong with the form of one object."""
    return _faults(json.dumps(doc))


@functools.cache
def _faults(text: str) -> list[str]:
    doc = json.loads(text)
    where = f"{doc.get('kind')} {doc.get('metadata', {}).get('name')}"
    shape = _shapes().get(f"{doc.get('apiVersion')} {doc.get('kind')}")
    if shape:
        return [f"{where}: {text}" for text in _misfits(doc["spec"], shape, "spec")]
    found = [f"{where}: {fault}" for fault in _words(doc)]
    for version in VERSIONS:
        validator = _validator(version, doc)
        if validator is None:
            found.append(f"{where}: {doc.get('apiVersion')} is unknown to Kubernetes {version} and operators.yaml")
            continue
        for error in validator.iter_errors(doc):
            best = jsonschema.exceptions.best_match([error])
            path = ".".join(str(p) for p in best.absolute_path)
            found.append(f"{where}: {path}: {best.message[:200]} (Kubernetes {version})")
    return found


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in WORDS and isinstance(inner, str) and inner not in WORDS[name]:
                yield f"{name}: must be one of {', '.join(sorted(WORDS[name]))}, is {inner}"
            yield from _words(inner)


@functools.cache
def _shapes() -> dict[str, Any]:
    return yaml.safe_load(SHAPES.read_text())


@functools.cache
def _schema(version: str, name: str) -> Any:
    folder = importlib_resources.files(kubernetes_validate) / "kubernetes-json-schema"
    path = folder / f"v{version}.0-local-strict" / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


@functools.cache
def _validator_of(version: str, name: str) -> jsonschema.Draft202012Validator | None:
    schema = _schema(version, name)
    if schema is None:
        return None
    definitions = _schema(version, "_definitions")
    registry = Resource.from_contents(schema) @ Registry()
    registry = Resource.from_contents(definitions) @ registry
    return jsonschema.Draft202012Validator(schema, registry=registry)


def _validator(version: str, doc: Doc) -> jsonschema.Draft202012Validator | None:
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", str(doc.get("apiVersion")))
    return _validator_of(version, f"{str(doc.get('kind')).lower()}-{group}")


def _misfits(value: Any, shape: Any, path: str) -> list[str]:
    """Walks value and shape together; the notation is explained in operators.yaml."""
    if isinstance(shape, dict):
        return _misfits_of_map(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path}: must be a list"]
        return [m for i, v in enumerate(value) for m in _misfits(v, shape[0], f"{path}[{i}]")]
    if shape in TYPES:
        fits = isinstance(value, TYPES[shape]) and (shape == "boolean" or not isinstance(value, bool))
        return [] if fits else [f"{path}: must be a {shape}, is {value!r}"]
    if shape == "any":
        return []
    return [] if value in shape.split("|") else [f"{path}: must be one of {shape}, is {value!r}"]


def _misfits_of_map(value: Any, shape: dict[str, Any], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: must be a map"]
    fields = {name.rstrip("!"): inner for name, inner in shape.items()}
    required = [name[:-1] for name in shape if name.endswith("!")]
    found = [f"{path}: {name} is required" for name in required if name not in value]
    for name, inner in value.items():
        if name in fields:
            found += _misfits(inner, fields[name], f"{path}.{name}")
        else:
            found.append(f"{path}: unknown field {name}")
    return found
