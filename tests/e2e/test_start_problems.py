"""docs/how-to/start-problems.md, row by row: what is wrong, how the daemon ends, and what it says."""

from __future__ import annotations

import re
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from support.daemon import Daemon, run
from support.stack import ROOT, Stack
from support.wait import wait_until

PAGE = ROOT / "docs/how-to/start-problems.md"


@dataclass(frozen=True)
class Row:
    what: str
    daemon: str
    settings: dict[str, str]
    exit: str
    says: str


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"\d|waits", cells[3]):
            what, daemon, settings, status, says = cells
            pairs = dict(pair.split("=", 1) for pair in settings.strip("`").split())
            found.append(Row(what, daemon, pairs, status, says.strip("`")))
    return found


ROWS = rows()


def name_of(row: Row) -> str:
    return f"{row.what.replace(' ', '-')}-{row.daemon}"


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield f"127.0.0.1:{holder.getsockname()[1]}"


def test_the_page_has_rows_of_each_kind() -> None:
    assert {row.exit for row in ROWS} == {"1", "2", "waits"}
    assert len(ROWS) >= 12


@pytest.mark.parametrize("row", [row for row in ROWS if row.exit != "waits"], ids=name_of)
def test_it_ends_as_the_page_says(row: Row, taken: str) -> None:
    given = {key: taken if value == "TAKEN" else value for key, value in row.settings.items()}
    done = run(row.daemon, **given)
    assert done.returncode == int(row.exit), done.stderr
    assert row.says in done.stderr, done.stderr


@pytest.mark.parametrize("row", [row for row in ROWS if row.exit == "waits"], ids=name_of)
def test_it_waits_as_the_page_says(stack: Stack, row: Row) -> None:
    absent = f"absent-{uuid.uuid4().hex[:8]}"
    given = {key: absent if value == "absent" else value for key, value in row.settings.items()}
    says = row.says.replace("absent", absent)
    with Daemon(stack, row.daemon, **given) as daemon:
        daemon.start(wait_ready=False)

        def told() -> bool:
            try:
                ready = requests.get(f"{daemon.url}/readyz", timeout=5)
            except requests.RequestException:
                return False
            return ready.status_code == 503 and says in ready.text + daemon.tail()

        wait_until(told, 30, lambda: f"{says!r} from /readyz or the log: {daemon.tail()}")
        assert requests.get(f"{daemon.url}/healthz", timeout=5).status_code == 200
        assert daemon.terminate() == 0


@pytest.mark.plain  # what librdkafka loses on that way is its own
def test_a_client_that_cannot_be_made_is_a_reason_and_no_crash() -> None:
    """Found by a failed allocation at start: destroying its settings freed them twice."""
    settings = {"KAFKA_OPT_SECURITY_PROTOCOL": "ssl", "KAFKA_OPT_SSL_CA_LOCATION": "/nonexistent"}
    done = run("ingest", "--listen", "127.0.0.1:0", **settings)
    assert done.returncode == 1, done.stderr
    assert "ssl.ca.location failed" in done.stderr
