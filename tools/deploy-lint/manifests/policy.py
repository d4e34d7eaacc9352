"""Every rule, and what each finds."""

from __future__ import annotations

from . import network, render, scaling, schema, workload
from .model import Objects

RULES = (
    workload.security,
    workload.images,
    workload.probes,
    workload.settings,
    workload.files,
    workload.resources,
    workload.stopping,
    workload.spread,
    network.owners,
    network.services,
    network.backends,
    network.monitors,
    network.rules,
    network.policies,
    scaling.scalers,
    scaling.figures,
    scaling.lag,
    scaling.budgets,
    scaling.partitions,
)


def faults(objects: Objects) -> list[str]:
    found = [fault for doc in objects.docs for fault in schema.faults(doc)]
    for rule in RULES:
        found += rule(objects)
    found += workload.secrets_told(objects, (render.K8S / "README.md").read_text())
    return found
