"""k8s/deploy.sh changes nothing and says why, as long as something is wrong that can be seen before. (The rest needs a cluster.)"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from manifests import render

SCRIPT = render.K8S / "deploy.sh"


def context(folder: Path, name: str) -> Path:
    """A kubeconfig whose cluster does not answer."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def deploy(kubeconfig: Path | str, *arguments: str, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        [SCRIPT, *arguments],
        env={"PATH": os.environ["PATH"], "KUBECTL": str(render.KUBECTL), "KUBECONFIG": str(kubeconfig)} | env,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.returncode, done.stdout + done.stderr


def test_help() -> None:
    status, told = deploy("/dev/null", "--help")
    assert status == 0 and "usage: k8s/deploy.sh" in told


@pytest.mark.parametrize("arguments", [["--timeout"], ["--timeout", "soon"], ["--force"]])
def test_wrong_usage(arguments: list[str]) -> None:
    assert deploy("/dev/null", *arguments)[0] == 2


def test_overlay_that_is_not_there() -> None:
    status, told = deploy("/dev/null", "staging")
    assert status == 2 and "there are: dev kind prod" in told


def test_no_kubectl() -> None:
    assert deploy("/dev/null", KUBECTL="no-such-kubectl") == (3, "deploy: no-such-kubectl is not installed\n")


def test_no_cluster() -> None:
    status, told = deploy("/dev/null")
    assert status == 3 and "no current context" in told


def test_kind_into_another_cluster(tmp_path: Path) -> None:
    status, told = deploy(context(tmp_path, "production"))
    assert status == 3 and "the current context is production" in told


def test_images_of_nobody(tmp_path: Path) -> None:
    status, told = deploy(context(tmp_path, "production"), "prod")
    assert status == 3 and "set newName" in told


def test_cluster_that_does_not_answer(tmp_path: Path) -> None:
    status, told = deploy(context(tmp_path, "kind-weir"))
    assert status == 3 and "kind-weir does not answer" in told


def test_folder_of_ones_own_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n")
    status, told = deploy(context(tmp_path, "kind-weir"), str(tmp_path))
    assert status == 2 and "cannot be rendered" in told


@pytest.mark.parametrize(
    "combination, wanted",
    [
        ("kind", []),
        ("base", ["iot-telemetry-secrets"]),
        ("prod", ["iot-tls", "weir-api-keys", "weir-mongodb-password"]),
        ("prod + gateway", ["weir-api-keys", "weir-mongodb-password"]),
    ],
)
def test_secrets_that_must_be_there_before(tmp_path: Path, combination: str, wanted: list[str]) -> None:
    """Not those that the manifests or an operator make."""
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(render.combination(combination.split(" + ")))
    asked = ["bash", "-c", '. "$1" && wanted_secrets "$2"', "test", SCRIPT, rendered]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split() == wanted


def test_from_any_folder(tmp_path: Path) -> None:
    copy = tmp_path / "k8s"
    shutil.copytree(render.K8S, copy)
    done = subprocess.run(["k8s/deploy.sh", "nothing"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "there are: dev kind prod" in done.stderr
