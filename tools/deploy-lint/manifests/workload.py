"""Rules about one kind of pod at a time: security, probes, settings, secrets, resources, how it stops."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Iterator

from . import daemons
from .model import Doc, Objects, Pods, at, seconds, selects, size

REQUESTS = {"cpu": "100m", "memory": "128Mi"}
KILL_MARGIN_S = 5
UNSEEN_BYTES = 64 << 20  # of ingest beside its queues: code, connections, librdkafka
CONTAINER_SECURITY = {
    ("allowPrivilegeEscalation",): False,
    ("readOnlyRootFilesystem",): True,
    ("capabilities", "drop"): ["ALL"],
}
POD_SECURITY = {
    ("securityContext", "runAsNonRoot"): True,
    ("securityContext", "seccompProfile", "type"): "RuntimeDefault",
    ("automountServiceAccountToken",): False,
    ("enableServiceLinks",): False,
}


def security(objects: Objects) -> Iterator[str]:
    """The restricted profile, no token, no variables made of Services."""
    for pods in objects.pods():
        for path, wanted in POD_SECURITY.items():
            if at(pods.spec, *path) != wanted:
                yield f"{pods.name}: {'.'.join(path)} must be {wanted}"
        if not at(pods.spec, "securityContext", "runAsUser", default=0):
            yield f"{pods.name}: securityContext.runAsUser must be a number above 0"
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if pods.spec.get(field):
                yield f"{pods.name}: {field} is not allowed"
        for container in pods.containers:
            for path, wanted in CONTAINER_SECURITY.items():
                if at(container, "securityContext", *path) != wanted:
                    yield f"{pods.name}: container {container['name']}: {'.'.join(path)} must be {wanted}"
        for volume in pods.spec.get("volumes") or []:
            if "hostPath" in volume:
                yield f"{pods.name}: volume {volume['name']} is a hostPath"
    for namespace in objects.of("Namespace"):
        if at(namespace, "metadata", "labels", "pod-security.kubernetes.io/enforce") != "restricted":
            yield "namespace: pod-security.kubernetes.io/enforce must be restricted"


def images(objects: Objects) -> Iterator[str]:
    """A whole version or a digest: the same manifests are the same programs tomorrow."""
    for pods in objects.pods():
        for container in pods.containers:
            image = container.get("image", "")
            if not re.search(r"(:v?\d+\.\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$", image):
                yield f"{pods.name}: image {image or '(none)'} is not pinned to a whole version or a digest"


def probes(objects: Objects) -> Iterator[str]:
    """Asked of a real daemon whose broker and store are away: who is alive then, and who is ready?"""
    wanted = {"livenessProbe": {200}, "startupProbe": {200}, "readinessProbe": {503}}
    why = {
        "livenessProbe": "an outage of Kafka or MongoDB would restart the pod",
        "startupProbe": "the pod would never start while Kafka or MongoDB is away",
        "readinessProbe": "it says nothing of Kafka and MongoDB",
    }
    for pods in objects.daemons():
        container = pods.containers[0]
        served = daemons.listens_on(pods.daemon, _settings(pods, container))
        if pods.port(served) is None:
            yield f"{pods.name}: the daemon listens on {served}, and no container port says so"
        for name, statuses in wanted.items():
            probe = at(container, name, "httpGet")
            if probe is None:
                yield f"{pods.name}: has no {name} by httpGet"
                continue
            if pods.port(probe["port"]) != served:
                yield f"{pods.name}: {name} asks port {probe['port']}, where nobody listens (the daemon: {served})"
            status = daemons.answer(pods.daemon, probe["path"])
            if status == 404:
                yield f"{pods.name}: {name} asks {probe['path']}, which the daemon does not serve"
            elif status not in statuses:
                yield f"{pods.name}: {name} {probe['path']} answers {status} without Kafka and MongoDB: {why[name]}"


def _settings(pods: Pods, container: Doc) -> dict[str, str]:
    """The environment without files, which are not here."""
    return {k: v for k, v in pods.env(container).items() if not k.endswith("_FILE")}


def settings(objects: Objects) -> Iterator[str]:
    """The ConfigMap is used, hashed, known key by key, and its values are accepted by every daemon."""
    for config in objects.of("ConfigMap"):
        name = config["metadata"]["name"]
        if not re.search(r"-[a-z0-9]{10}$", name):
            yield f"ConfigMap {name}: its name has no hash of its contents, so a change would restart nobody"
        if not any(name in _configs_used(p) for p in objects.pods()):
            yield f"ConfigMap {name} is used by no pod"
    known = set().union(*(daemons.options(d).names for d in daemons.NAMES))
    for key in objects.config():
        if key not in known:
            yield f"ConfigMap iot-telemetry-config: {key} is in no option table"
    for pods in objects.daemons():
        yield from _settings_of(pods, objects)


def _settings_of(pods: Pods, objects: Objects) -> Iterator[str]:
    if not any(n.startswith("iot-telemetry-config") and objects.get("ConfigMap", n) for n in _configs_used(pods)):
        yield f"{pods.name}: does not use the ConfigMap iot-telemetry-config"
    options = daemons.options(pods.daemon)
    for container in pods.containers:
        for entry in container.get("env") or []:
            if entry["name"] not in options.names | daemons.OF_LIBRARIES and not entry["name"].startswith("KAFKA_OPT_"):
                yield f"{pods.name}: {entry['name']} is in no option table of weir-{pods.daemon}"
        for name in pods.env(container):
            if name in options.secrets:
                yield f"{pods.name}: {name} is a secret and stands in the manifest; use {name}_FILE and a Secret"
        checked = daemons.run(pods.daemon, _settings(pods, container), "--check-config")
        if checked.returncode:
            yield f"{pods.name}: {checked.stderr.strip()}"


def _configs_used(pods: Pods) -> set[str]:
    used = {at(v, "configMap", "name") for v in pods.spec.get("volumes") or []}
    for container in pods.containers:
        used |= {at(s, "configMapRef", "name") for s in container.get("envFrom") or []}
        used |= {at(e, "valueFrom", "configMapKeyRef", "name") for e in container.get("env") or []}
    return used - {None}


def files(objects: Objects) -> Iterator[str]:
    """Whatever a setting names as a file is mounted, and from something that has it."""
    for pods in objects.daemons():
        volumes = {v["name"]: v for v in pods.spec.get("volumes") or []}
        for container in pods.containers:
            mounts = {m["mountPath"]: volumes.get(m["name"]) for m in container.get("volumeMounts") or []}
            for name, path in pods.env(container).items():
                if name.endswith("_FILE"):
                    yield from _file(pods, name, PurePosixPath(path), mounts, objects)


def _file(pods: Pods, name: str, path: PurePosixPath, mounts: dict[str, Doc | None], objects: Objects) -> Iterator[str]:
    volume = mounts.get(str(path.parent))
    if volume is None:
        yield f"{pods.name}: {name} names {path}, where nothing is mounted"
        return
    items = at(volume, "secret", "items")
    if items is not None and path.name not in [i["path"] for i in items]:
        yield f"{pods.name}: {name} names {path}, and the volume {volume['name']} has no {path.name}"
    if at(volume, "secret", "defaultMode") != 0o440:
        yield f"{pods.name}: volume {volume['name']}: defaultMode must be 0440"
    secret = objects.get("Secret", at(volume, "secret", "secretName", default=""))
    for item in items or []:
        if secret and item["key"] not in {**(secret.get("data") or {}), **(secret.get("stringData") or {})}:
            yield f"{pods.name}: Secret {secret['metadata']['name']} has no {item['key']}"


def secrets_told(objects: Objects, readme: str) -> Iterator[str]:
    """A Secret that is not made here, nor by an operator, is one that README.md says how to make."""
    made = {s["metadata"]["name"] for s in objects.of("Secret")}
    wanted = {at(v, "secret", "secretName") for p in objects.pods() for v in p.spec.get("volumes") or []}
    wanted |= {t.get("secretName") for i in objects.of("Ingress") for t in at(i, "spec", "tls", default=[])}
    for store in objects.of("MongoDBCommunity"):
        for user in store["spec"]["users"]:
            made.add(user.get("connectionStringSecretName"))
            wanted.add(at(user, "passwordSecretRef", "name"))
    for name in sorted(wanted - made - {None}):
        if f"`{name}`" not in readme:
            yield f"Secret {name} is neither made by these manifests nor told of in k8s/README.md"


def resources(objects: Objects) -> Iterator[str]:
    """Requests as the autoscalers count on, a limit of memory, and room for what the settings allow."""
    for pods in objects.pods():
        for container in pods.containers:
            requests, limit = at(container, "resources", "requests"), at(container, "resources", "limits", "memory")
            if pods.daemon and requests != REQUESTS:
                yield f"{pods.name}: requests must be {REQUESTS}, are {requests}"
            if not requests or not limit:
                yield f"{pods.name}: container {container['name']} needs requests and a limit of memory"
            elif pods.daemon == "ingest":
                env = pods.env(container)
                used = size(env.get("MAX_BUFFERED", "256MiB")) + size(env.get("QUEUE_BYTES", "64MiB")) + UNSEEN_BYTES
                if used > size(limit):
                    yield f"{pods.name}: MAX_BUFFERED, QUEUE_BYTES and 64MiB are {used} bytes, the limit is {limit}"


def stopping(objects: Objects) -> Iterator[str]:
    """Nobody is killed before its own deadline, and no balancer finds a closed door."""
    for pods in objects.daemons():
        env = pods.env(pods.containers[0])
        delay, limit = seconds(env.get("SHUTDOWN_DELAY", "0")), seconds(env.get("SHUTDOWN_TIMEOUT", "25s"))
        grace = pods.spec.get("terminationGracePeriodSeconds", 30)
        if grace < delay + limit + KILL_MARGIN_S:
            yield (
                f"{pods.name}: terminationGracePeriodSeconds {grace} is less than SHUTDOWN_DELAY + SHUTDOWN_TIMEOUT"
                f" + {KILL_MARGIN_S} = {delay + limit + KILL_MARGIN_S:.0f}"
            )
        if pods.daemon in ("ingest", "dashboard"):
            if delay < 5:
                yield f"{pods.name}: SHUTDOWN_DELAY {delay:.0f} s is shorter than balancers need to notice (5 s)"
            if at(pods.owner, "spec", "strategy", "rollingUpdate", "maxUnavailable") != 0:
                yield f"{pods.name}: strategy.rollingUpdate.maxUnavailable must be 0"


def spread(objects: Objects) -> Iterator[str]:
    """Replicas are spread over zones and machines, and the constraint counts the pods that it is about."""
    for pods in objects.daemons():
        constraints = pods.spec.get("topologySpreadConstraints") or []
        keys = {c["topologyKey"] for c in constraints}
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname"):
            if key not in keys:
                yield f"{pods.name}: is not spread over {key}"
        for constraint in constraints:
            if not selects(constraint.get("labelSelector"), pods.labels):
                yield f"{pods.name}: topologySpreadConstraints: the selector does not match the pod's own labels"
