"""Rendered manifests as objects that can be asked: who owns which pods, who selects whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Iterator

Doc = dict[str, Any]
OWNERS = ("Deployment", "StatefulSet", "Job")
SIZES = {"": 1, "k": 1000, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def at(doc: Any, *path: str | int, default: Any = None) -> Any:
    """The value at a path of keys and indexes; the default where the path ends early."""
    for step in path:
        try:
            doc = doc[step]
        except (KeyError, IndexError, TypeError):
            return default
    return default if doc is None else doc


def size(text: str | int) -> int:
    """Bytes of 128Mi (Kubernetes) or 128MiB (a setting)."""
    match = re.fullmatch(r"(\d+)([A-Za-z]*)", str(text))
    assert match, f"{text} is no size"
    return int(match[1]) * SIZES[match[2]]


def seconds(text: str) -> float:
    """Seconds of 10s, 500ms, 5m or 0."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d|)", text)
    assert match, f"{text} is no duration"
    return int(match[1]) * SECONDS[match[2]]


def selects(selector: Doc | None, labels: dict[str, str]) -> bool:
    """A label selector of Kubernetes; {} selects everything, None nothing."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions") or []:
        present = labels.get(rule["key"])
        fits = {
            "In": present in (rule.get("values") or []),
            "NotIn": present not in (rule.get("values") or []),
            "Exists": present is not None,
            "DoesNotExist": present is None,
        }[rule["operator"]]
        if not fits:
            return False
    return True


@dataclass
class Pods:
    """The pods of one owner, all alike."""

    owner: Doc
    objects: Objects = field(repr=False)

    @property
    def name(self) -> str:
        return self.owner["metadata"]["name"]

    @property
    def kind(self) -> str:
        return self.owner["kind"]

    @property
    def labels(self) -> dict[str, str]:
        return at(self.owner, "spec", "template", "metadata", "labels", default={})

    @property
    def spec(self) -> Doc:
        return self.owner["spec"]["template"]["spec"]

    @property
    def containers(self) -> list[Doc]:
        return [*(self.spec.get("initContainers") or []), *self.spec["containers"]]

    @property
    def daemon(self) -> str | None:
        """ingest, aggregator, alerter or dashboard, by the image."""
        for container in self.containers:
            match = re.search(r"(?:^|/)weir-(ingest|aggregator|alerter|dashboard)(?=[:@]|$)", container.get("image", ""))
            if match:
                return match[1]
        return None

    def port(self, wanted: str | int) -> int | None:
        """The number of a container's port by its name or number; None: there is no such port."""
        for container in self.containers:
            for port in container.get("ports") or []:
                if wanted in (port.get("name"), port["containerPort"]):
                    return port["containerPort"]
        return None

    def env(self, container: Doc) -> dict[str, str]:
        """What the container's environment will be, as far as it is written in the manifests."""
        env: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            config = self.objects.get("ConfigMap", at(source, "configMapRef", "name", default=""))
            env |= at(config, "data", default={})
        for entry in container.get("env") or []:
            if "value" in entry:
                env[entry["name"]] = entry["value"]
        return env

    def replicas(self) -> tuple[int, int]:
        """Least and most replicas that the owner or its scaler asks for."""
        for scaler, low, high in self.objects.scalers(self.name):
            return low, high
        count = at(self.owner, "spec", "replicas", default=1)
        return count, count


class Objects:
    """All objects of one rendering."""

    def __init__(self, docs: list[Doc]) -> None:
        self.docs = docs

    def of(self, kind: str) -> list[Doc]:
        return [d for d in self.docs if d["kind"] == kind]

    def get(self, kind: str, name: str) -> Doc | None:
        return next((d for d in self.of(kind) if d["metadata"]["name"] == name), None)

    def pods(self) -> list[Pods]:
        return [Pods(d, self) for d in self.docs if d["kind"] in OWNERS]

    def daemons(self) -> list[Pods]:
        return [p for p in self.pods() if p.daemon]

    def named(self, name: str) -> Pods | None:
        return next((p for p in self.pods() if p.name == name), None)

    def selected(self, selector: Doc | None) -> list[Pods]:
        return [p for p in self.pods() if selects(selector, p.labels)]

    def scalers(self, target: str) -> Iterator[tuple[Doc, int, int]]:
        for doc in self.of("HorizontalPodAutoscaler"):
            if at(doc, "spec", "scaleTargetRef", "name") == target:
                yield doc, doc["spec"].get("minReplicas", 1), doc["spec"]["maxReplicas"]
        for doc in self.of("ScaledObject"):
            if at(doc, "spec", "scaleTargetRef", "name") == target:
                yield doc, doc["spec"].get("minReplicaCount", 0), doc["spec"].get("maxReplicaCount", 100)

    def config(self) -> dict[str, str]:
        """The data of iot-telemetry-config, whatever hash its name ends with."""
        for doc in self.of("ConfigMap"):
            if doc["metadata"]["name"].startswith("iot-telemetry-config"):
                return doc.get("data") or {}
        return {}
