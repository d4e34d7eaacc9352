"""Rules about how many: autoscalers, disruption budgets, partitions."""

from __future__ import annotations

from typing import Iterator

from . import daemons
from .model import Doc, Objects, at

# Least, most, percent of processor, percent of memory.
HPA = {
    "ingestion-api": (2, 10, 60, 70),
    "aggregator-worker": (1, 5, 50, 70),
    "dashboard-api": (2, 8, 50, 70),
}
SLOW_DOWN_QUICK_UP = {
    "scaleDown": {"stabilizationWindowSeconds": 300, "policies": [("Percent", 50, 60)]},
    "scaleUp": {"stabilizationWindowSeconds": 60, "policies": [("Percent", 100, 60), ("Pods", 2, 60)], "selectPolicy": "Max"},
}
WORKERS = {"aggregator": "aggregator_worker", "alerter": "alerts_worker"}
TOPICS = ("TELEMETRY_TOPIC", "DLQ_TOPIC", "ALERTS_TOPIC")


def scalers(objects: Objects) -> Iterator[str]:
    """One scaler for a Deployment at most, which exists, has requests to count by, and no number of its own."""
    names = [(d["kind"], d["metadata"]["name"]) for d in objects.of("HorizontalPodAutoscaler") + objects.of("ScaledObject")]
    for kind, name in sorted({n for n in names if names.count(n) > 1}):
        yield f"{kind} {name} is there {names.count((kind, name))} times"
    for doc in objects.of("HorizontalPodAutoscaler") + objects.of("ScaledObject"):
        target = at(doc, "spec", "scaleTargetRef", "name")
        pods = objects.named(target)
        where = f"{doc['kind']} {doc['metadata']['name']}"
        if pods is None or pods.kind != at(doc, "spec", "scaleTargetRef", "kind", default="Deployment"):
            yield f"{where}: there is no Deployment {target}"
        elif "replicas" in pods.owner["spec"]:
            yield f"{where}: Deployment {target} sets replicas, so each apply would undo the scaling"
    for pods in objects.daemons():
        owners = [d["kind"] for d, _, _ in objects.scalers(pods.name)]
        if len(owners) > 1:
            yield f"Deployment {pods.name}: {' and '.join(sorted(owners))} both scale it"


def figures(objects: Objects) -> Iterator[str]:
    """The numbers that the older manifests promised."""
    for name, wanted in HPA.items():
        for doc, low, high in objects.scalers(name):
            if doc["kind"] == "ScaledObject":
                behaviour = at(doc, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior")
            else:
                found = (low, high, _utilization(doc, "cpu"), _utilization(doc, "memory"))
                if found != wanted:
                    yield f"HorizontalPodAutoscaler {name}: {found}, must be {wanted} (least, most, cpu %, memory %)"
                behaviour = at(doc, "spec", "behavior")
            if name == "aggregator-worker" and _plain(behaviour) != SLOW_DOWN_QUICK_UP:
                yield f"{doc['kind']} {name}: behavior is {_plain(behaviour)}, must be {SLOW_DOWN_QUICK_UP}"
        if not list(objects.scalers(name)):
            yield f"Deployment {name}: nothing scales it"


def _utilization(doc: Doc, resource: str) -> int | None:
    for metric in doc["spec"].get("metrics") or []:
        if at(metric, "resource", "name") == resource:
            return at(metric, "resource", "target", "averageUtilization")
    return None


def _plain(behaviour: Doc | None) -> Doc:
    plain: Doc = {}
    for way, rules in (behaviour or {}).items():
        plain[way] = dict(rules, policies=[(p["type"], p["value"], p["periodSeconds"]) for p in rules["policies"]])
    return plain


def lag(objects: Objects) -> Iterator[str]:
    """KEDA looks at the broker, the topic and the group that the workers use."""
    config = objects.config()
    for doc in objects.of("ScaledObject"):
        name = doc["metadata"]["name"]
        pods = objects.named(at(doc, "spec", "scaleTargetRef", "name"))
        for trigger in doc["spec"]["triggers"]:
            told = trigger["metadata"]
            for key, setting in (("bootstrapServers", "KAFKA_BOOTSTRAP_SERVERS"), ("topic", "TELEMETRY_TOPIC")):
                if told.get(key) != config.get(setting):
                    yield f"ScaledObject {name}: {key} is {told.get(key)}, {setting} is {config.get(setting)}"
            group = told.get("consumerGroup", "")
            if pods and (group != WORKERS.get(pods.daemon or "") or not daemons.names_group(pods.daemon, group)):
                yield f"ScaledObject {name}: weir-{pods.daemon} has no consumer group {group}"
            if told.get("offsetResetPolicy") != "earliest":
                yield f"ScaledObject {name}: offsetResetPolicy must be earliest, as the workers read"


def budgets(objects: Objects) -> Iterator[str]:
    """Each daemon has a budget, and a machine can be emptied even with the least replicas."""
    covered = set()
    for doc in objects.of("PodDisruptionBudget"):
        name = doc["metadata"]["name"]
        selected = [p for p in objects.selected(at(doc, "spec", "selector")) if p.kind != "Job"]
        if len(selected) != 1:
            yield f"PodDisruptionBudget {name}: selects the pods of {[p.name for p in selected] or 'nobody'}"
            continue
        covered.add(selected[0].name)
        least, _ = selected[0].replicas()
        kept = doc["spec"].get("minAvailable")
        if kept is not None and (not isinstance(kept, int) or kept >= least):
            yield f"PodDisruptionBudget {name}: minAvailable {kept} of {least} replicas lets no machine be emptied"
        if kept is None and doc["spec"].get("maxUnavailable") in (None, 0, "0%"):
            yield f"PodDisruptionBudget {name}: lets no pod go"
    for pods in objects.daemons():
        if pods.name not in covered:
            yield f"{pods.name}: has no PodDisruptionBudget"


def partitions(objects: Objects) -> Iterator[str]:
    """The topics have one owner, and partitions for as many workers as there may be."""
    config, topics = objects.config(), objects.of("KafkaTopic")
    jobs = [p for p in objects.pods() if p.name == "telemetry-topics"]
    if bool(topics) == bool(jobs):
        yield f"the topics are made by {'a Job and KafkaTopics' if topics else 'nobody'}"
    if config.get("CREATE_TOPICS") != "false":
        yield "CREATE_TOPICS must be false: the daemons and the Job or the operator would both make the topics"
    counts = {at(t, "spec", "topicName", default=t["metadata"]["name"]): at(t, "spec", "partitions", default=1) for t in topics}
    if jobs:
        env = jobs[0].env(jobs[0].containers[0])
        script = " ".join(jobs[0].containers[0].get("command") or [])
        asked = env.get("TOPIC_PARTITIONS", "")
        counts = {env.get(t, ""): int(asked) if asked.isdigit() else 0 for t in TOPICS if f'"${t}"' in script}
    for pods in objects.daemons():
        if pods.daemon in WORKERS:
            _, most = pods.replicas()
            have = counts.get(config.get("TELEMETRY_TOPIC", ""), 0)
            if have < most:
                yield f"{pods.name}: {most} replicas share {have} partitions of {config.get('TELEMETRY_TOPIC')}"
    for setting in TOPICS:
        if config.get(setting) not in counts:
            yield f"{setting}={config.get(setting)}: nobody makes this topic"
