"""What kustomize makes of an overlay, or of base and components."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from .model import Objects

ROOT = Path(__file__).resolve().parents[3]
K8S = ROOT / "k8s"
KUBECTL = ROOT / ".deps/deploy/bin/kubectl"


class RenderError(Exception):
    """kustomize refused; its own words."""


def build(folder: Path) -> str:
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True)
    if done.returncode:
        raise RenderError(done.stderr.strip())
    return done.stdout


def combination(words: list[str]) -> str:
    """`base`, or the name of an overlay, with components added: ["kind", "gateway"]."""
    first, *components = words
    start = K8S / "base" if first == "base" else K8S / "overlays" / first
    if not components:
        return build(start)
    with tempfile.TemporaryDirectory() as folder:
        # kustomize takes no absolute paths.
        here = Path(folder).resolve()
        kustomization = {
            "resources": [os.path.relpath(start, here)],
            "components": [os.path.relpath(K8S / "components" / c, here) for c in components],
        }
        (here / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return build(here)


def objects(words: list[str]) -> Objects:
    return Objects([d for d in yaml.safe_load_all(combination(words)) if d])


def documented() -> list[list[str]]:
    """The combinations in the first column of the table under "Combinations" in k8s/README.md."""
    readme = (K8S / "README.md").read_text()
    section = re.search(r"^## Combinations$(.*?)(?=^## |\Z)", readme, re.S | re.M)
    rows = re.findall(r"^\| `([a-z +-]+)` \|", section[1], re.M) if section else []
    return [re.split(r" \+ ", row) for row in rows]
