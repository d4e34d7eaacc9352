"""The workflows: what checks/workflow would not let pass."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from checks import ROOT, check

workflow = check("workflow")
CI = (ROOT / ".github/workflows/ci.yml").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def test_as_it_is_nothing_is_wrong() -> None:
    assert workflow.problems(CI, COMPOSE) == []


@pytest.mark.parametrize(
    ("pattern", "new", "problem"),
    [
        (r"checkout@\w{40}  # v[\d.]+", "checkout@v7", "is not pinned by a commit"),
        (r"(checkout@\w{40})  # v[\d.]+", r"\1", "is not pinned by a commit with its version"),
        (r"\npermissions:\n  contents: read", "", "the default is not contents: read alone"),
        (r"\n    timeout-minutes: 90", "", "test: no timeout-minutes"),
        (r"(  lint:\n)", r"\1    permissions: {issues: write}\n", "lint: only a release may write"),
        (r"image: mongo:[\d.]+", "image: mongo:7.0.1", "another version than that of docker-compose.yml"),
        (r"image: debian:12.12", "image: debian:latest", "debian:latest has no number"),
        (r"  pull_request:", "  pull_request_target:", "more rights than it needs"),
        (r"persist-credentials: false", "fetch-depth: 0", "a checkout keeps the token"),
        (r"run: make lint\n", "run: echo ${{ github.event.issue.title }}\n", "what others wrote goes into a shell"),
    ],
)
def test_what_is_wrong_is_named(pattern: str, new: str, problem: str) -> None:
    broken, times = re.subn(pattern, new, CI, count=1)
    assert times == 1
    found = workflow.problems(broken, COMPOSE)
    assert any(problem in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("timeout-minutes: 90", "timeout-minuts: 90", "timeout-minuts"),
        ("needs: [lint, unit,", "needs: [lint, units,", "units"),
        ("matrix.cc }}", "matrix.compiler }}", "compiler"),
        ("run: make deb", "run: make deb $UNQUOTED", "SC2086"),
    ],
)
def test_schema_and_actionlint_are_asked(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in CI
    (tmp_path / ".github/workflows").mkdir(parents=True)
    broken = tmp_path / ".github/workflows/ci.yml"
    broken.write_text(CI.replace(old, new))
    command = [ROOT / "tools/deploy-lint/checks/workflow", broken]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert told in done.stdout + done.stderr


def test_every_make_target_that_is_run_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"run: make ([a-z -]+[a-z])", CI):
        for name in target.split():
            assert re.search(rf"^{name}:", makefile, re.M), name
