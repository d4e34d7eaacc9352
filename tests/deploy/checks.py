"""Checks of tools/deploy-lint/checks as modules: they are programs, and have no suffix."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def check(name: str) -> types.ModuleType:
    path = ROOT / "tools/deploy-lint/checks" / name
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
