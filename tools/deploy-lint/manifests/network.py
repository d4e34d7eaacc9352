"""Rules about who finds and reaches whom: Services, Ingress, routes, monitors, network policies."""

from __future__ import annotations

import re
from typing import Iterator

from . import daemons
from .model import Doc, Objects, Pods, at, selects

HOSTS = {"api.iot.local": "ingestion-api", "dashboard.iot.local": "dashboard-api"}
API_PORT = 80
# Names of older manifests, which dashboards, scripts and clients know: the Service and the name of its port.
SERVICES = {"ingestion-api": "http", "dashboard-api": "http", "aggregator-worker": "metrics", "alerts-worker": "metrics"}
REWRITING = re.compile(r"rewrite|app-root|strip|replace-?path", re.I)
# What may be reached: from whom to whom, on which port of the target; "elsewhere" is a pod of another namespace.
REACH = {
    ("ingestion-api", "kafka"): 9092,
    ("aggregator-worker", "kafka"): 9092,
    ("alerts-worker", "kafka"): 9092,
    ("telemetry-topics", "kafka"): 9092,
    ("dashboard-api", "mongodb"): 27017,
    ("aggregator-worker", "mongodb"): 27017,
    ("alerts-worker", "mongodb"): 27017,
    ("elsewhere", "ingestion-api"): 8001,
    ("elsewhere", "dashboard-api"): 8002,
    ("monitoring", "aggregator-worker"): 8003,
    ("monitoring", "alerts-worker"): 8004,
    ("keda", "kafka"): 9092,
}
ELSEWHERE = {"elsewhere": "default", "monitoring": "monitoring", "keda": "keda"}


def owners(objects: Objects) -> Iterator[str]:
    """A Deployment selects its own pods, and nobody else's."""
    for pods in objects.pods():
        if pods.kind == "Job":
            continue
        selector = at(pods.owner, "spec", "selector", default={})
        if not selector.get("matchLabels"):
            yield f"{pods.kind} {pods.name}: its selector has no labels"
        elif [p.name for p in objects.selected(selector)] != [pods.name]:
            yield f"{pods.kind} {pods.name}: its selector matches {[p.name for p in objects.selected(selector)]}"


def services(objects: Objects) -> Iterator[str]:
    """Every Service selects one kind of pod and leads to a port that the pod has; the known names are kept."""
    for name, port in SERVICES.items():
        service = objects.get("Service", name)
        if service is None or port not in [p.get("name") for p in service["spec"]["ports"]]:
            yield f"there is no Service {name} with a port named {port}"
        elif port == "http" and service["spec"]["ports"][0]["port"] != API_PORT:
            yield f"Service {name}: its port must be {API_PORT}"
    for service in objects.of("Service"):
        yield from _service(service, objects)


def _service(service: Doc, objects: Objects) -> Iterator[str]:
    name, selector = service["metadata"]["name"], at(service, "spec", "selector")
    if not selector:
        yield f"Service {name}: has no selector"
        return
    selected = objects.selected({"matchLabels": selector})
    if [p.name for p in selected] != [name]:
        yield f"Service {name}: its selector matches the pods of {[p.name for p in selected] or 'nobody'}"
        return
    for port in service["spec"]["ports"]:
        if not port.get("name"):
            yield f"Service {name}: port {port['port']} has no name"
        if selected[0].port(port.get("targetPort", port["port"])) is None:
            yield f"Service {name}: targetPort {port.get('targetPort')} is no port of its pods"


def backends(objects: Objects) -> Iterator[str]:
    """Both hosts lead to their Service, by an Ingress or by routes and not by both, and no path is changed."""
    led: dict[str, set[str]] = {}
    for host, service, port, where in [*_ingress_backends(objects), *_route_backends(objects)]:
        led.setdefault(host, set()).add(service)
        found = objects.get("Service", service)
        ports = [p for p in at(found, "spec", "ports", default=[]) if port in (p.get("name"), p["port"])]
        if not ports:
            yield f"{where}: there is no Service {service} with the port {port}"
    for host, service in HOSTS.items():
        if led.get(host) != {service}:
            yield f"host {host} leads to {sorted(led.get(host, set())) or 'nobody'}, must lead to {service}"
    if objects.of("Ingress") and objects.of("HTTPRoute"):
        yield "there are an Ingress and HTTPRoutes: the same hosts twice"
    for ingress in objects.of("Ingress"):
        for annotation in at(ingress, "metadata", "annotations", default={}):
            if REWRITING.search(annotation):
                yield f"Ingress {ingress['metadata']['name']}: {annotation} changes paths; the daemons serve them as they are"
        for path in (p for r in ingress["spec"]["rules"] for p in r["http"]["paths"]):
            if (path["path"], path["pathType"]) != ("/", "Prefix"):
                yield f"Ingress {ingress['metadata']['name']}: path {path['path']}: hosts tell the Services apart, paths do not"
    for route in objects.of("HTTPRoute"):
        for rule in route["spec"].get("rules") or []:
            if rule.get("filters"):
                yield f"HTTPRoute {route['metadata']['name']}: filters change requests; the daemons take them as they are"


def _ingress_backends(objects: Objects) -> Iterator[tuple[str, str, str | int, str]]:
    for ingress in objects.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                port = service["port"].get("name") or service["port"].get("number")
                yield rule.get("host", "*"), service["name"], port, f"Ingress {ingress['metadata']['name']}"


def _route_backends(objects: Objects) -> Iterator[tuple[str, str, str | int, str]]:
    for route in objects.of("HTTPRoute"):
        for rule in route["spec"].get("rules") or []:
            for backend in rule.get("backendRefs") or []:
                for host in route["spec"].get("hostnames") or ["*"]:
                    yield host, backend["name"], backend.get("port", 0), f"HTTPRoute {route['metadata']['name']}"


def monitors(objects: Objects) -> Iterator[str]:
    """Each ServiceMonitor finds a Service, a port of it by name and a page of metrics; no daemon is left out."""
    if not objects.of("ServiceMonitor"):
        return
    watched = set()
    for monitor in objects.of("ServiceMonitor"):
        name, selector = monitor["metadata"]["name"], monitor["spec"]["selector"]
        found = [s for s in objects.of("Service") if selects(selector, at(s, "metadata", "labels", default={}))]
        if not selector.get("matchLabels") or not found:
            yield f"ServiceMonitor {name}: selects {'every Service' if found else 'no Service'}"
            continue
        for endpoint in monitor["spec"]["endpoints"]:
            if endpoint.get("interval") != "30s":
                yield f"ServiceMonitor {name}: interval must be 30s"
            for service in found:
                watched.add(service["metadata"]["name"])
                yield from _endpoint(name, endpoint, service, objects)
    for pods in objects.daemons():
        if pods.name not in watched:
            yield f"{pods.name}: no ServiceMonitor watches it"


def _endpoint(monitor: str, endpoint: Doc, service: Doc, objects: Objects) -> Iterator[str]:
    name = service["metadata"]["name"]
    if endpoint.get("port") not in [p.get("name") for p in service["spec"]["ports"]]:
        yield f"ServiceMonitor {monitor}: Service {name} has no port named {endpoint.get('port')}"
    pods = objects.named(name)
    path = endpoint.get("path", "/metrics")
    if pods and pods.daemon and daemons.answer(pods.daemon, path) != 200:
        yield f"ServiceMonitor {monitor}: weir-{pods.daemon} does not serve {path}"


def rules(objects: Objects) -> Iterator[str]:
    """An alert about a metric that nobody exports never fires."""
    exported = set().union(*(daemons.metrics(d) for d in daemons.NAMES)) if objects.of("PrometheusRule") else set()
    for document in objects.of("PrometheusRule"):
        for rule in (r for g in document["spec"]["groups"] for r in g["rules"]):
            for metric in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rule["expr"]):
                if metric not in exported:
                    yield f"PrometheusRule: {rule.get('alert')}: no daemon exports {metric}"


def policies(objects: Objects) -> Iterator[str]:
    """With policies: what has to be reached is, what has not is not, and every pod finds names."""
    policies = objects.of("NetworkPolicy")
    if not policies:
        return
    if not any(p["spec"]["podSelector"] == {} and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"} for p in policies):
        yield "NetworkPolicy: nothing denies ingress and egress of every pod"
    for pods in objects.pods():
        for protocol in ("UDP", "TCP"):
            if not _egress(policies, pods, _pod("kube-system", {"k8s-app": "kube-dns"}), 53, protocol):
                yield f"NetworkPolicy: {pods.name} cannot ask for names over {protocol}"
    parties = [p for p in objects.pods()]
    for target in parties:
        for port in (p["containerPort"] for c in target.containers for p in c.get("ports") or []):
            for source in [*parties, *ELSEWHERE]:
                yield from _reach(policies, source, target, port)


def _reach(policies: list[Doc], source: Pods | str, target: Pods, port: int) -> Iterator[str]:
    name = source if isinstance(source, str) else source.name
    here = isinstance(source, Pods)
    peer = _pod("iot", source.labels) if here else _pod(ELSEWHERE[source], {})
    allowed = _ingress(policies, target, peer, port)
    if here:
        allowed = allowed and _egress(policies, source, _pod("iot", target.labels), port, "TCP", target)
    wanted = REACH.get((name, target.name)) == port
    # The doors for everyone are open to everyone, and a server may talk to itself.
    open_to_all = REACH.get(("elsewhere", target.name)) == port
    if wanted and not allowed:
        yield f"NetworkPolicy: {name} cannot reach {target.name}:{port}"
    if allowed and not wanted and not (open_to_all and not here) and name != target.name:
        yield f"NetworkPolicy: {name} reaches {target.name}:{port} without need"


def _pod(namespace: str, labels: dict[str, str]) -> Doc:
    return {"namespace": {"kubernetes.io/metadata.name": namespace}, "labels": labels, "own": namespace == "iot"}


def _ingress(policies: list[Doc], target: Pods, peer: Doc, port: int) -> bool:
    mine = [p for p in policies if "Ingress" in p["spec"]["policyTypes"] and selects(p["spec"]["podSelector"], target.labels)]
    rules = (r for p in mine for r in p["spec"].get("ingress") or [])
    return not mine or any(_peers(r.get("from"), peer) and _ports(r, port, "TCP", target) for r in rules)


def _egress(policies: list[Doc], source: Pods, peer: Doc, port: int, protocol: str, target: Pods | None = None) -> bool:
    mine = [p for p in policies if "Egress" in p["spec"]["policyTypes"] and selects(p["spec"]["podSelector"], source.labels)]
    rules = (r for p in mine for r in p["spec"].get("egress") or [])
    return not mine or any(_peers(r.get("to"), peer) and _ports(r, port, protocol, target) for r in rules)


def _peers(peers: list[Doc] | None, pod: Doc) -> bool:
    if not peers:
        return True
    for peer in peers:
        if "ipBlock" in peer:
            continue
        namespace = selects(peer["namespaceSelector"], pod["namespace"]) if "namespaceSelector" in peer else pod["own"]
        if namespace and selects(peer.get("podSelector", {}), pod["labels"]):
            return True
    return False


def _ports(rule: Doc, port: int, protocol: str, target: Pods | None) -> bool:
    if not rule.get("ports"):
        return True
    for entry in rule["ports"]:
        number = target.port(entry["port"]) if target and isinstance(entry["port"], str) else entry["port"]
        if number == port and entry.get("protocol", "TCP") == protocol:
            return True
    return False
