"""Devices and operators as HTTP clients."""

from __future__ import annotations

import json

import pytest
import requests

from .stack import ROOT, Stack


def ingest(stack: Stack, items: dict | list[dict], **headers: str) -> None:
    """One request for each reading, in order; every one must be taken."""
    with requests.Session() as session:
        for item in items if isinstance(items, list) else [items]:
            answer = session.post(
                f"{stack.ingest}/ingest", json=item, headers=headers, timeout=15
            )
            assert answer.status_code == 200, f"{item}: {answer.status_code} {answer.text}"
            wanted = {"status": "queued", "device_id": item["device_id"]}
            assert answer.json() == wanted


def post_readings(
    stack: Stack, items: object, kind: str = "application/json", **headers: str
) -> requests.Response:
    """To the batch route; bytes go as they are."""
    data = items if isinstance(items, bytes) else json.dumps(items).encode()
    path = f"{stack.ingest}/api/v1/readings"
    return requests.post(path, data=data, headers={"Content-Type": kind} | headers, timeout=15)


def planned() -> str:
    """The last section of the contract: what is promised and not built yet."""
    contract = (ROOT / "docs/reference/contract.md").read_text()
    return contract[contract.rindex("\n## ") :]


def need_route(url: str) -> None:
    """Skips the test of a route that the contract lists as planned. Both must agree: a route that is
    neither built nor planned is missing, and one that is built must come off the list."""
    route = "/" + url.partition("//")[2].partition("/")[2]
    built = requests.request("PATCH", url, timeout=10).status_code != 404
    listed = f"`{route}`" in planned() or f"`POST {route}`" in planned()
    assert built != listed, f"{route}: built {built}, listed as planned {listed}"
    if listed:
        pytest.skip(f"{route} is planned")
