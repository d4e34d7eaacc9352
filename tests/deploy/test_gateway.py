"""deploy/gateway/nginx.conf in a real nginx, before the real daemons."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from checks import ROOT
from support.ports import free_ports
from support.wait import wait_until

NGINX = ROOT / ".deps/nginx/usr/sbin/nginx"
CONF = ROOT / "deploy/gateway/nginx.conf"


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None, f"{url}: its server ended with {process.returncode}"
        try:
            return requests.get(url, timeout=1).ok
        except requests.RequestException:
            return False

    wait_until(answers, 20, f"an answer of {url}")


@dataclass
class Place:
    gateway: str
    ingest: str
    dashboard: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Neither Kafka nor MongoDB is there: whose error it is shows who was asked."""
    directory: Path = tmp_path_factory.mktemp("gateway")
    ports = dict(zip(("gateway", "ingest", "dashboard"), free_ports(3), strict=True))
    conf = CONF.read_text().replace("listen 8000", f"listen 127.0.0.1:{ports['gateway']}")
    for name in ("ingest:8001", "dashboard:8002"):
        assert name in conf
        conf = conf.replace(name, f"127.0.0.1:{ports[name.split(':')[0]]}")
    conf = conf.replace("/tmp/", f"{directory}/")
    (directory / "nginx.conf").write_text(conf)
    env = {"PATH": os.environ["PATH"], "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    env["MONGO_URL"] = "mongodb://127.0.0.1:1"
    started = []
    try:
        for name in ("ingest", "dashboard"):
            listen = {"LISTEN": f"127.0.0.1:{ports[name]}"}
            daemon = subprocess.Popen([ROOT / f"build/bin/weir-{name}"], env=env | listen, stderr=subprocess.DEVNULL)
            started.append(daemon)
            wait_for(f"http://127.0.0.1:{ports[name]}/healthz", daemon)
        as_us = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
        command = [NGINX, "-e", "stderr", "-c", directory / "nginx.conf", "-g", as_us]
        started.append(subprocess.Popen(command))
        wait_for(f"http://127.0.0.1:{ports['gateway']}/gateway/healthz", started[-1])
        yield Place(**{name: f"http://127.0.0.1:{port}" for name, port in ports.items()})
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)


def answered(daemon: str) -> int:
    """Requests that it counted, those for its metrics left out."""
    counts = re.findall(
        r'^http_request_duration_seconds_count\{method="\w+",endpoint="([^"]+)".* (\d+)$',
        requests.get(daemon + "/metrics", timeout=5).text,
        re.M,
    )
    return sum(int(count) for endpoint, count in counts if endpoint != "/metrics")


READING = '{"device_id":"dev-1","temperature_c":1'  # cut off: refused before Kafka is asked


@pytest.mark.parametrize(
    ("method", "path", "daemon"),
    [
        ("POST", "/ingest", "ingest"),
        ("POST", "/telemetry", "ingest"),
        ("POST", "/status", "ingest"),
        ("POST", "/api/v1/readings", "ingest"),
        ("POST", "/api/v2/write?precision=s", "ingest"),
        ("GET", "/", "dashboard"),
        ("GET", "/devices", "dashboard"),
        ("GET", "/status/dev-1", "dashboard"),
        ("GET", "/openapi.json", "dashboard"),
        ("DELETE", "/ingest", "dashboard"),
        ("GET", "/api/v1/stream", "dashboard"),
        ("POST", "/api/v1/alerts/some/ack", "dashboard"),
        ("POST", "/api/v1/silences", "dashboard"),
        ("GET", "/ping", "ingest"),
    ],
)
def test_who_is_asked(place: Place, method: str, path: str, daemon: str) -> None:
    before = {name: answered(getattr(place, name)) for name in ("ingest", "dashboard")}
    requests.request(method, place.gateway + path, data=READING if method == "POST" else None, timeout=20)
    asked = [name for name, count in before.items() if answered(getattr(place, name)) > count]
    assert asked == [daemon]


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz", "/health"])
def test_what_is_inside_stays_inside(place: Place, path: str) -> None:
    answer = requests.get(place.gateway + path, timeout=5)
    assert answer.status_code == 404 and "weir" not in answer.text


def test_a_body_above_the_limit_of_ingest_is_refused_by_ingest(place: Place) -> None:
    answer = requests.post(place.gateway + "/api/v1/readings", data=b"[" + b" " * (2 << 20), timeout=20)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
