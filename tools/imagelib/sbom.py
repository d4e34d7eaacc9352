"""A bill of materials in SPDX 2.3, from the dpkg database of an image and our own program in it."""

from __future__ import annotations

import datetime
import hashlib
import re
from pathlib import Path

NONE = "NOASSERTION"


def packages_of(root: Path) -> list[dict[str, str]]:
    """Package, Version, Architecture, Source and Homepage of all that is installed."""
    found = []
    for block in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", block, re.M))
        if fields.get("Status", "").endswith(" installed"):
            found.append(fields)
    return found


def of_debian(fields: dict[str, str]) -> dict:
    name, version, arch = fields["Package"], fields["Version"], fields["Architecture"]
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={arch}&distro=bookworm"
    return {
        "SPDXID": f"SPDXRef-deb-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}",
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": NONE,
        "filesAnalyzed": False,
        "licenseConcluded": NONE,
        "licenseDeclared": NONE,
        "copyrightText": f"see /usr/share/doc/{name}/copyright in the image",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ],
    }


def of_weir(program: Path, version: str) -> dict:
    checksum = hashlib.sha256(program.read_bytes()).hexdigest()
    return {
        "SPDXID": "SPDXRef-weir",
        "name": program.name,
        "versionInfo": version,
        "supplier": NONE,
        "downloadLocation": NONE,
        "filesAnalyzed": False,
        "licenseConcluded": "MIT",
        "licenseDeclared": "MIT",
        "copyrightText": NONE,
        "checksums": [{"algorithm": "SHA256", "checksumValue": checksum}],
    }


def document(root: Path, program: Path, version: str, revision: str) -> dict:
    packages = [of_weir(program, version), *map(of_debian, packages_of(root))]
    described = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-weir")]
    described += [("SPDXRef-weir", "DEPENDS_ON", p["SPDXID"]) for p in packages[1:]]
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = packages[0]["checksums"][0]["checksumValue"][:16]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{program.name}-{version}",
        "documentNamespace": f"https://weir.invalid/spdx/{program.name}/{version}/{revision}/{digest}",
        "creationInfo": {"created": now, "creators": ["Tool: weir-sbom"]},
        "packages": packages,
        "relationships": [
            {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
            for a, kind, b in described
        ],
    }
