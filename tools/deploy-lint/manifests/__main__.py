"""Checks every documented combination: python -m manifests [COMBINATION...], e.g. "kind + gateway"."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

from . import daemons, policy, render


def undocumented(combinations: list[list[str]]) -> list[str]:
    """Overlays and components that no documented combination has."""
    named = {word for combination in combinations for word in combination}
    for overlay in named & {p.name for p in (render.K8S / "overlays").iterdir()}:
        kustomization = yaml.safe_load((render.K8S / "overlays" / overlay / "kustomization.yaml").read_text())
        named |= {Path(component).name for component in kustomization.get("components") or []}
    there = [p.name for folder in ("overlays", "components") for p in (render.K8S / folder).iterdir() if p.is_dir()]
    return [f"k8s/README.md: no combination has {name}" for name in sorted(set(there) - named)]


def main() -> int:
    combinations = [re.split(r" \+ ", a) for a in sys.argv[1:]] or render.documented()
    wrong = [] if sys.argv[1:] else undocumented(combinations)
    for words in combinations:
        try:
            found = policy.faults(render.objects(words))
        except render.RenderError as error:
            found = [str(error)]
        wrong += [f"{' + '.join(words)}: {fault}" for fault in found]
    daemons.stop_all()
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
