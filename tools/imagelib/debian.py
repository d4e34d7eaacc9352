"""A Debian 12 as small as the official slim image, made once and kept in .deps/debian."""

from __future__ import annotations

import os
from pathlib import Path

from .shell import ROOT, can, run

BASE = ROOT / ".deps/debian/base.tar"

# What debian:12-slim leaves out, too.
LEFT_OUT = ("doc/*", "man/*", "info/*", "locale/*", "groff/*", "lintian/*")


def why_not() -> str | None:
    """Why this machine can make no root file system and enter it; None when it can."""
    if os.geteuid() != 0:
        return "it takes root"
    if not can("unshare", "--mount", "--pid", "--fork", "true"):
        return "no mount or pid namespace can be made here"
    if not can("mmdebstrap", "--version"):
        return "mmdebstrap is not installed (tools/setup deploy)"
    return None


def base() -> Path:
    """The tar file of the root file system."""
    if BASE.exists():
        return BASE
    BASE.parent.mkdir(parents=True, exist_ok=True)
    made = BASE.with_suffix(".new.tar")
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{path}" for path in LEFT_OUT]
    kept = "--dpkgopt=path-include=/usr/share/doc/*/copyright"
    # An image keeps no downloaded packages; the official one has a hook for it as well.
    options = ("-q", "--variant=apt", "--include=ca-certificates", *excluded, kept)
    run("mmdebstrap", *options, "bookworm", made)
    made.rename(BASE)
    return BASE
