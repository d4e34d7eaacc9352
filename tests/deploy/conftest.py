"""The checker of tools/deploy-lint is imported from its folder, and so is what the end-to-end tests have for all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/deploy-lint"), str(ROOT / "tests/e2e")]


@pytest.fixture(scope="session", autouse=True)
def daemons_end() -> Iterator[None]:
    yield
    from manifests import daemons

    daemons.stop_all()
