"""Each policy of checks/dockerfile can fail."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from checks import ROOT, check

dockerfile = check("dockerfile")
TEXT = (ROOT / "Dockerfile").read_text()
PACKAGES = (ROOT / "tools/packages.txt").read_text()


def test_as_it_is_nothing_is_wrong() -> None:
    assert dockerfile.problems(TEXT, PACKAGES) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("debian:12.12-slim", "debian:latest", "not a numbered point release"),
        ("debian:12.12-slim", "debian:12.12", "or not slim"),
        ("USER 65532:65532", "USER weir", "ingest: USER is no numeric uid"),
        ("USER 65532:65532\nSTOPSIGNAL", "USER 0:0\nSTOPSIGNAL", "load: USER is no numeric uid"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "ingest: STOPSIGNAL is not SIGTERM"),
        ('ENTRYPOINT ["/usr/bin/weir-load"]', "ENTRYPOINT /usr/bin/weir-load", "load: ENTRYPOINT is not"),
        ('"/usr/bin/weir-ingest", "--probe", "/healthz"', '"curl"', "ingest: HEALTHCHECK is not CMD"),
        ("org.opencontainers.image.licenses", "licence", "no label org.opencontainers.image.licenses"),
        ("FROM lean AS ingest", "FROM full AS ingest", "ingest: carries the MongoDB client"),
        ("uthash-dev", "uthash-dev valgrind", "build: valgrind is not in tools/packages.txt"),
        ("FROM full AS ctl", "FROM full AS tool", "no stage ctl"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    found = dockerfile.problems(TEXT.replace(old, new), PACKAGES)
    assert any(problem in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("--no-install-recommends", "", "DL3015"),
        ("&& rm -rf /var/lib/apt/lists/*", "", "DL3009"),
        ("ARG DEBIAN=debian:12.12-slim\n", "ARG DEBIAN=debian:12.12-slim\nMAINTAINER me\n", "DL4000"),
        ("WORKDIR /src", "RUN cd /src", "DL3003"),
    ],
)
def test_hadolint_is_asked(tmp_path: Path, old: str, new: str, rule: str) -> None:
    assert old in TEXT
    broken = tmp_path / "Dockerfile"
    broken.write_text(TEXT.replace(old, new))
    command = [ROOT / "tools/deploy-lint/checks/dockerfile", broken]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert rule in done.stdout + done.stderr
