"""Bills of materials: what dpkg says comes out, and the validator takes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from checks import ROOT

sys.path.insert(0, str(ROOT / "tools"))
from imagelib import sbom, validate  # noqa: E402

STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Description: GNU C Library
 of several lines

Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


def document(tmp_path: Path) -> dict:
    dpkg = tmp_path / "var/lib/dpkg"
    dpkg.mkdir(parents=True)
    (dpkg / "status").write_text(STATUS)
    program = tmp_path / "weir-ingest"
    program.write_text("a program")
    return sbom.document(tmp_path, program, "0.1.0", "abc")


def valid(document: dict, directory: Path) -> bool:
    file = directory / "x.spdx.json"
    file.write_text(json.dumps(document))
    return validate.problems(str(file)) == []


def test_every_installed_package_is_in_it(tmp_path: Path) -> None:
    made = document(tmp_path)
    assert [p["name"] for p in made["packages"]] == ["weir-ingest", "libc6", "zlib1g"]
    libc, zlib = (p["externalRefs"][0]["referenceLocator"] for p in made["packages"][1:])
    assert libc == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=bookworm"
    assert "@1%3A1.2.13.dfsg-1?" in zlib
    assert valid(made, tmp_path)


@pytest.mark.parametrize("field", ["spdxVersion", "documentNamespace", "creationInfo"])
def test_the_validator_can_refuse(tmp_path: Path, field: str) -> None:
    made = document(tmp_path)
    del made[field]
    assert not valid(made, tmp_path)
