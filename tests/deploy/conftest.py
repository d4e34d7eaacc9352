"""The checker of tools/deploy-lint is imported from its folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "deploy-lint"))


@pytest.fixture(scope="session", autouse=True)
def daemons_end() -> Iterator[None]:
    yield
    from manifests import daemons

    daemons.stop_all()
