"""The policy can fail: each fault, put into manifests that are right, is found and named.

The faults of the first table are the ones that earlier manifests of this kind of system really had."""

from __future__ import annotations

import copy
import functools
from typing import Any, Callable

import pytest
from manifests import policy, render
from manifests.model import Doc, Objects, at

Break = Callable[[Objects], None]


@functools.cache
def rendered(combination: str) -> Objects:
    return render.objects(combination.split(" + "))


def broken(combination: str, how: Break) -> list[str]:
    objects = Objects(copy.deepcopy(rendered(combination).docs))
    how(objects)
    return policy.faults(objects)


def container(objects: Objects, name: str) -> Doc:
    pods = objects.named(name)
    assert pods
    return pods.containers[0]


def put(kind: str, name: str, *path: Any) -> Break:
    """put(kind, name, key, ..., value) sets the value at the path; None as value removes it."""

    def change(objects: Objects) -> None:
        *steps, last, value = path
        doc = objects.get(kind, name)
        assert doc, f"no {kind} {name}"
        place = at(doc, *steps)
        assert place is not None, f"{kind} {name} has no {steps}"
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


def put_in_container(name: str, *path: Any) -> Break:
    return put("Deployment", name, "spec", "template", "spec", "containers", 0, *path)


def config(key: str, value: str | None) -> Break:
    def change(objects: Objects) -> None:
        if value is None:
            del objects.config()[key]
        else:
            objects.config()[key] = value

    return change


def remove(kind: str, name: str) -> Break:
    def change(objects: Objects) -> None:
        objects.docs = [d for d in objects.docs if (d["kind"], d["metadata"]["name"]) != (kind, name)]

    return change


def twice(kind: str, name: str) -> Break:
    return lambda objects: objects.docs.append(copy.deepcopy(objects.get(kind, name)))


def unmounted(objects: Objects) -> None:
    for pods in objects.pods():
        for c in pods.containers:
            c.pop("envFrom", None)


def both_scalers(objects: Objects) -> None:
    objects.docs += [d for d in rendered("kind").of("HorizontalPodAutoscaler") if d["metadata"]["name"] == "aggregator-worker"]


def add_env(name: str, key: str, value: str) -> Break:
    return lambda objects: container(objects, name).setdefault("env", []).append({"name": key, "value": value})


def set_env(name: str, key: str, value: str) -> Break:
    return lambda objects: next(e for e in container(objects, name)["env"] if e["name"] == key).update(value=value)


HAD = [
    ("the ConfigMap is mounted nowhere", "kind", unmounted, "is used by no pod"),
    ("an owner selects without labels", "kind", put("Deployment", "ingestion-api", "spec", "selector", {"matchLabels": {}}), "its selector has no labels"),
    ("a Service selects nobody", "kind", put("Service", "ingestion-api", "spec", "selector", {"app": "ingestion"}), "its selector matches the pods of nobody"),
    ("a Service has no selector", "kind", put("Service", "alerts-worker", "spec", "selector", {}), "has no selector"),
    ("a monitor selects without labels", "prod", put("ServiceMonitor", "alerts-worker", "spec", "selector", {}), "selects every Service"),
    ("a monitor selects labels that no Service has", "prod", put("ServiceMonitor", "alerts-worker", "spec", "selector", {"matchLabels": {"app": "x"}}), "selects no Service"),
    ("a monitor names a port that has no name", "prod", put("Service", "alerts-worker", "spec", "ports", 0, "name", None), "Service alerts-worker has no port named metrics"),
    ("a Service's port has no name", "kind", put("Service", "aggregator-worker", "spec", "ports", 0, "name", None), "port 8003 has no name"),
    ("the Ingress rewrites paths", "kind", put("Ingress", "weir", "metadata", "annotations", {"nginx.ingress.kubernetes.io/rewrite-target": "/"}), "changes paths"),
    ("the Ingress tells Services apart by path", "kind", put("Ingress", "weir", "spec", "rules", 0, "http", "paths", 0, "path", "/api"), "hosts tell the Services apart"),
    ("a route rewrites paths", "kind + gateway", put("HTTPRoute", "ingestion-api", "spec", "rules", 0, "filters", [{"type": "URLRewrite"}]), "filters change requests"),
    ("the same autoscaler twice", "kind", twice("HorizontalPodAutoscaler", "ingestion-api"), "is there 2 times"),
    ("liveness depends on the database", "kind", put_in_container("dashboard-api", "livenessProbe", "httpGet", "path", "/readyz"), "would restart the pod"),
    ("liveness asks the whole health", "kind", put_in_container("aggregator-worker", "livenessProbe", "httpGet", "path", "/health"), "would restart the pod"),
    ("a probe asks a port that nobody serves", "kind", put_in_container("aggregator-worker", "livenessProbe", "httpGet", "port", 8080), "where nobody listens"),
    ("a probe asks a path that nobody serves", "kind", put_in_container("alerts-worker", "readinessProbe", "httpGet", "path", "/ready"), "does not serve"),
    ("readiness does not see the dependencies", "kind", put_in_container("alerts-worker", "readinessProbe", "httpGet", "path", "/healthz"), "says nothing of Kafka"),
]

WORKLOAD = [
    ("root", "kind", put("Deployment", "ingestion-api", "spec", "template", "spec", "securityContext", "runAsNonRoot", None), "runAsNonRoot must be True"),
    ("no seccomp profile", "kind", put("Job", "telemetry-topics", "spec", "template", "spec", "securityContext", "seccompProfile", None), "seccompProfile.type must be"),
    ("a writable root", "kind", put("StatefulSet", "kafka", "spec", "template", "spec", "containers", 0, "securityContext", "readOnlyRootFilesystem", False), "readOnlyRootFilesystem must be True"),
    ("capabilities", "kind", put_in_container("alerts-worker", "securityContext", "capabilities", {"drop": ["NET_RAW"]}), "capabilities.drop must be"),
    ("a token", "kind", put("Deployment", "alerts-worker", "spec", "template", "spec", "automountServiceAccountToken", None), "automountServiceAccountToken must be False"),
    ("variables made of Services", "kind", put("Deployment", "alerts-worker", "spec", "template", "spec", "enableServiceLinks", None), "enableServiceLinks must be False"),
    ("a lax namespace", "kind", put("Namespace", "iot", "metadata", "labels", "pod-security.kubernetes.io/enforce", "baseline"), "enforce must be restricted"),
    ("an image without a tag", "kind", put_in_container("ingestion-api", "image", "weir-ingest"), "is not pinned"),
    ("latest", "kind", put_in_container("ingestion-api", "image", "weir-ingest:latest"), "is not pinned"),
    ("half a version", "kind", put("StatefulSet", "mongodb", "spec", "template", "spec", "containers", 0, "image", "mongo:8.0"), "is not pinned"),
    ("a container port nobody listens on", "kind", put_in_container("dashboard-api", "ports", 0, "containerPort", 8080), "the daemon listens on 8002"),
    ("no startup probe", "kind", put_in_container("dashboard-api", "startupProbe", None), "has no startupProbe"),
    ("a setting of another name", "kind", config("TEMP_MAX", "50"), "TEMP_MAX is in no option table"),
    ("a value out of range", "kind", config("TOPIC_PARTITIONS", "many"), "TOPIC_PARTITIONS"),
    ("a topic that cannot be", "kind", config("TELEMETRY_TOPIC", "telemetry/raw"), "is no topic name"),
    ("a variable of another daemon", "kind", add_env("ingestion-api", "MONGO_DB", "iotdb"), "MONGO_DB is in no option table of weir-ingest"),
    ("a secret in the ConfigMap", "kind", config("MONGO_URL", "mongodb://u:p@h/"), "is a secret and stands in the manifest"),
    ("a secret in the pod", "kind", add_env("ingestion-api", "API_KEY", "0123456789abcdef"), "is a secret and stands in the manifest"),
    ("a ConfigMap without a hash", "kind", lambda o: next(c for c in o.of("ConfigMap") if "kafka" in c["metadata"]["name"])["metadata"].update(name="kafka"), "has no hash"),
    ("a file that is not mounted", "kind", set_env("alerts-worker", "MONGO_URL_FILE", "/run/secrets/mongo"), "where nothing is mounted"),
    ("a file of another name", "kind", set_env("alerts-worker", "MONGO_URL_FILE", "/etc/weir/mongo/url"), "has no url"),
    ("a key that the Secret lacks", "kind", put("Deployment", "alerts-worker", "spec", "template", "spec", "volumes", 0, "secret", "items", 0, "key", "url"), "has no url"),
    ("a Secret nobody tells of", "prod", put("Deployment", "ingestion-api", "spec", "template", "spec", "volumes", 0, "secret", "secretName", "x"), "Secret x is neither made"),
    ("other requests", "kind", put_in_container("ingestion-api", "resources", "requests", "memory", "64Mi"), "requests must be"),
    ("no limit of memory", "kind", put_in_container("alerts-worker", "resources", "limits", {}), "needs requests and a limit"),
    ("queues larger than the limit", "kind", config("MAX_BUFFERED", "512MiB"), "the limit is 384Mi"),
    ("killed while it drains", "kind", config("SHUTDOWN_TIMEOUT", "40s"), "terminationGracePeriodSeconds 45 is less than"),
    ("no delay for balancers", "kind", set_env("ingestion-api", "SHUTDOWN_DELAY", "0"), "shorter than balancers need"),
    ("a gap while rolling out", "kind", put("Deployment", "ingestion-api", "spec", "strategy", "rollingUpdate", "maxUnavailable", 1), "maxUnavailable must be 0"),
    ("all on one machine", "kind", put("Deployment", "ingestion-api", "spec", "template", "spec", "topologySpreadConstraints", []), "is not spread over"),
    ("spread by somebody else's labels", "kind", put("Deployment", "ingestion-api", "spec", "template", "spec", "topologySpreadConstraints", 0, "labelSelector", "matchLabels", {"app": "x"}), "does not match the pod's own labels"),
]

NETWORK = [
    ("a target port that is not there", "kind", put("Service", "dashboard-api", "spec", "ports", 0, "targetPort", "web"), "is no port of its pods"),
    ("a Service under another name", "kind", remove("Service", "ingestion-api"), "there is no Service ingestion-api"),
    ("the API on another port", "kind", put("Service", "ingestion-api", "spec", "ports", 0, "port", 8001), "its port must be 80"),
    ("a backend that is not there", "kind", put("Ingress", "weir", "spec", "rules", 0, "http", "paths", 0, "backend", "service", "name", "api"), "there is no Service api"),
    ("a route to a port that is not there", "kind + gateway", put("HTTPRoute", "ingestion-api", "spec", "rules", 0, "backendRefs", 0, "port", 8001), "there is no Service ingestion-api with the port 8001"),
    ("a host is missing", "kind", put("Ingress", "weir", "spec", "rules", 1, "host", "iot.local"), "host dashboard.iot.local leads to nobody"),
    ("a daemon that nobody watches", "prod", remove("ServiceMonitor", "aggregator-worker"), "no ServiceMonitor watches it"),
    ("another interval", "prod", put("ServiceMonitor", "aggregator-worker", "spec", "endpoints", 0, "interval", "5s"), "interval must be 30s"),
    ("a page without metrics", "prod", put("ServiceMonitor", "aggregator-worker", "spec", "endpoints", 0, "path", "/prometheus"), "does not serve /prometheus"),
    ("an alert about no metric", "prod", put("PrometheusRule", "weir", "spec", "groups", 0, "rules", 0, "expr", "weir_lost_readings > 0"), "no daemon exports weir_lost_readings"),
    ("nothing is denied", "dev", remove("NetworkPolicy", "default-deny"), "nothing denies"),
    ("no names", "dev", remove("NetworkPolicy", "dns"), "cannot ask for names"),
    ("names by UDP alone", "dev", lambda o: o.get("NetworkPolicy", "dns")["spec"]["egress"][0]["ports"].pop(), "over TCP"),
    ("the store's door is closed", "dev", put("NetworkPolicy", "mongodb", "spec", "ingress", []), "alerts-worker cannot reach mongodb:27017"),
    ("the way out is closed", "dev", put("NetworkPolicy", "ingestion-api", "spec", "egress", []), "ingestion-api cannot reach kafka:9092"),
    ("devices are kept out", "dev", put("NetworkPolicy", "ingestion-api", "spec", "ingress", []), "elsewhere cannot reach ingestion-api:8001"),
    ("the store is open", "dev", put("NetworkPolicy", "mongodb", "spec", "ingress", [{}]), "elsewhere reaches mongodb:27017 without need"),
    ("the ingest may write to the store", "dev", lambda o: [put("NetworkPolicy", n, "spec", w, [{}])(o) for n, w in (("mongodb", "ingress"), ("ingestion-api", "egress"))], "ingestion-api reaches mongodb:27017 without need"),
]

SCALING = [
    ("HPA and KEDA on one target", "prod", both_scalers, "HorizontalPodAutoscaler and ScaledObject both scale it"),
    ("a scaler of nobody", "kind", put("HorizontalPodAutoscaler", "dashboard-api", "spec", "scaleTargetRef", "name", "dashboard"), "there is no Deployment dashboard"),
    ("replicas beside a scaler", "kind", put("Deployment", "dashboard-api", "spec", "replicas", 2), "each apply would undo"),
    ("other figures", "kind", put("HorizontalPodAutoscaler", "ingestion-api", "spec", "maxReplicas", 5), "must be (2, 10, 60, 70)"),
    ("no slow way down", "kind", put("HorizontalPodAutoscaler", "aggregator-worker", "spec", "behavior", None), "behavior is {}"),
    ("nothing scales", "kind", remove("HorizontalPodAutoscaler", "dashboard-api"), "nothing scales it"),
    ("the lag of another topic", "prod", put("ScaledObject", "alerts-worker", "spec", "triggers", 0, "metadata", "topic", "telemetry"), "topic is telemetry, TELEMETRY_TOPIC is telemetry.raw"),
    ("the lag of another group", "prod", put("ScaledObject", "alerts-worker", "spec", "triggers", 0, "metadata", "consumerGroup", "alerts-worker"), "has no consumer group alerts-worker"),
    ("the lag at another broker", "prod", config("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092"), "bootstrapServers is"),
    ("a budget that lets no machine be emptied", "kind", put("PodDisruptionBudget", "aggregator-worker", "spec", {"minAvailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "aggregator-worker"}}}), "minAvailable 1 of 1 replicas"),
    ("a budget for nobody", "kind", put("PodDisruptionBudget", "ingestion-api", "spec", "selector", "matchLabels", {"app": "x"}), "selects the pods of nobody"),
    ("no budget", "kind", remove("PodDisruptionBudget", "alerts-worker"), "has no PodDisruptionBudget"),
    ("fewer partitions than workers", "kind", config("TOPIC_PARTITIONS", "4"), "5 replicas share 4 partitions"),
    ("fewer partitions than workers, by the operator", "prod", put("KafkaTopic", "telemetry.raw", "spec", "partitions", 3), "5 replicas share 3 partitions"),
    ("nobody makes a topic", "prod", remove("KafkaTopic", "telemetry.dlq"), "nobody makes this topic"),
    ("nobody makes topics", "kind", remove("Job", "telemetry-topics"), "the topics are made by nobody"),
    ("everybody makes topics", "kind", config("CREATE_TOPICS", "true"), "CREATE_TOPICS must be false"),
]

FORM = [
    ("an unknown field", "kind", put_in_container("ingestion-api", "readynessProbe", {}), "readynessProbe"),
    ("a wrong type", "kind", put("Service", "ingestion-api", "spec", "ports", 0, "port", "80"), "spec.ports.0.port"),
    ("a wrong word", "kind", put_in_container("ingestion-api", "imagePullPolicy", "Sometimes"), "Sometimes"),
    ("an API version that is gone", "kind", put("HorizontalPodAutoscaler", "ingestion-api", "apiVersion", "autoscaling/v2beta2"), "is unknown to Kubernetes"),
    ("an operator's API version that is gone", "prod", put("KafkaTopic", "telemetry.raw", "apiVersion", "kafka.strimzi.io/v1beta2"), "is unknown to Kubernetes"),
    ("an operator's unknown field", "prod", put("KafkaTopic", "telemetry.raw", "spec", "partition", 12), "unknown field partition"),
    ("an operator's missing field", "prod", put("KafkaNodePool", "dual", "spec", "replicas", None), "replicas is required"),
    ("an operator's wrong type", "prod", put("ScaledObject", "alerts-worker", "spec", "triggers", 0, "metadata", "lagThreshold", 5), "must be a string"),
]


@pytest.mark.parametrize(
    "combination, how, named",
    [pytest.param(*row[1:], id=row[0]) for row in HAD + WORKLOAD + NETWORK + SCALING + FORM],
)
def test_fault_is_found(combination: str, how: Break, named: str) -> None:
    assert combination.split(" + ") in render.documented(), "or its faults may have been there before"
    faults = broken(combination, how)
    assert any(named in fault for fault in faults), f"{named!r} not in {faults}"


@pytest.mark.parametrize("words", render.documented(), ids=" + ".join)
def test_documented_combination_is_right(words: list[str]) -> None:
    assert policy.faults(render.objects(words)) == []


def test_a_changed_value_is_a_changed_name() -> None:
    """dev differs from kind in values, so its pods must not take kind's ConfigMap for theirs."""
    names = {c: [d["metadata"]["name"] for d in rendered(c).of("ConfigMap") if "iot" in d["metadata"]["name"]] for c in ("kind", "dev")}
    assert names["kind"] != names["dev"]
