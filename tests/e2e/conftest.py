"""One stack for the session, on its own ports and data, and a name of its own for each test."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.dont_write_bytecode = True  # no __pycache__ in the checkout

from support.daemon import sanitized  # noqa: E402
from support.log import Log  # noqa: E402
from support.oracle import Oracle  # noqa: E402
from support.stack import Stack  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "plain: of memory, which sanitizers take themselves and allocate by themselves"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("plain") and sanitized("ingest"):
        pytest.skip("built with a sanitizer")


@pytest.fixture(scope="session")
def _session_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    run = Path(tempfile.mkdtemp(prefix="weir-e2e-"))
    stack = Stack(run)
    try:
        try:
            stack.up()
        except AssertionError as error:
            pytest.exit(f"no stack, no tests: {error}", returncode=1)
        yield stack
    finally:
        stack.down()
        reports = sanitizer_reports(run)
        if request.session.testsfailed or request.session.shouldstop or reports:
            print(f"\nlogs and data of the stack: {run}", file=sys.stderr)
        else:
            shutil.rmtree(run)
        assert not reports, f"a sanitizer found something: {reports}"


def sanitizer_reports(run: Path) -> list[str]:
    pattern = re.compile(r".*(?:Sanitizer|runtime error:).*")
    logs = run.glob("log/*.log*")
    return [
        f"{log}: {line}"
        for log in logs
        for line in pattern.findall(log.read_text(errors="replace"))
    ]


@pytest.fixture
def stack(_session_stack: Stack) -> Iterator[Stack]:
    """The stack, whole at the start of each test and again after it."""
    _session_stack.heal()
    yield _session_stack
    _session_stack.heal()


@pytest.fixture
def oracle(stack: Stack) -> Iterator[Oracle]:
    oracle = Oracle(stack)
    yield oracle
    oracle.close()


@pytest.fixture
def log(stack: Stack) -> Iterator[Log]:
    log = Log(stack.kafka)
    yield log
    log.close()


@pytest.fixture
def untouched(log: Log) -> Iterator[None]:
    """Whatever the test sends, nothing of it may come into the log."""
    before = log.ends()
    yield
    assert log.ends() == before


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """A device name, or the beginning of several, that nothing else uses."""
    test = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    return f"{test[:60]}-{uuid.uuid4().hex[:8]}"
