"""Images by buildah, in a store of their own, without an engine or a registry."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import debian
from .shell import ROOT, Failed, can, run

STORE = ROOT / "build/images"
BASE_IMAGE = "localhost/weir-debian:12.0-slim"


@functools.cache
def driver() -> str:
    """overlay where the kernel lets us: vfs copies the whole root for each step."""
    mounts = STORE / "probe"
    for name in ("low", "up", "work", "all"):
        (mounts / name).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={mounts}/low,upperdir={mounts}/up,workdir={mounts}/work"
    overlay = ("mount", "-t", "overlay", "overlay", "-o", options, mounts / "all")
    return "overlay" if can("unshare", "--mount", *overlay) else "vfs"


def buildah(*words: object) -> str:
    store = ("--root", STORE / "store", "--runroot", STORE / "run", "--storage-driver", driver())
    return run("buildah", *store, *words)


def why_not() -> str | None:
    """Why no image can be built on this machine; None when one can."""
    reason = debian.why_not()
    if reason:
        return reason
    if not can("buildah", "--version"):
        return "buildah is not installed (tools/setup deploy)"
    try:
        with tempfile.TemporaryDirectory() as empty:
            recipe = Path(empty) / "Dockerfile"
            recipe.write_text("FROM scratch\nCOPY Dockerfile /\n")
            buildah("bud", "-q", "--isolation", "chroot", "-t", "localhost/weir-probe", empty)
    except Failed as error:
        return f"buildah cannot build the smallest image: {error}"
    return None


def make_base() -> None:
    """Stands for debian:12-slim of a registry."""
    if can("buildah", "--root", STORE / "store", "--runroot", STORE / "run", "--storage-driver", driver(),
           "inspect", "--type", "image", BASE_IMAGE):  # fmt: skip
        return
    container = buildah("from", "scratch").strip()
    buildah("add", "-q", container, debian.base(), "/")
    buildah("commit", "-q", "--rm", "--format", "docker", container, BASE_IMAGE)


def build(target: str, revision: str) -> str:
    """The image's name. Steps that targets share are made once."""
    image = f"localhost/weir-{target}"
    arguments = (f"DEBIAN={BASE_IMAGE}", f"REVISION={revision}")
    buildah(
        *("bud", "-q", "--isolation", "chroot", "--format", "docker", "--layers"),
        *(word for argument in arguments for word in ("--build-arg", argument)),
        *("--target", target, "-t", image, ROOT),
    )
    return image


def config(image: str) -> dict:
    """User, Entrypoint, Healthcheck, Labels, StopSignal and so on, as the engine will see them."""
    return json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]


def size_bytes(image: str) -> int:
    listed = json.loads(buildah("images", "--json", image))
    return sum(_bytes(entry["size"]) for entry in listed)


def _bytes(text: str) -> int:
    number, unit = text.split()
    return int(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit.upper()])


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """The image's root file system."""
    container = buildah("from", image).strip()
    try:
        yield Path(buildah("mount", container).strip())
    finally:
        buildah("rm", container)


