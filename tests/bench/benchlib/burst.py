"""What is sent: closed bursts by wrk, open ones by weir-load, and the bare produce loop."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .server import Server


@dataclass(frozen=True)
class Shape:
    """What one connection sends, and how many of them there are."""

    connections: int
    path: str = "/ingest"
    readings: int = 1
    pipelined: int = 1


SINGLE = Shape(connections=256)
PIPELINED = Shape(connections=64, pipelined=10)
NDJSON = Shape(connections=16, path="/api/v1/readings", readings=100)


def wrk_command(url: str, shape: Shape, seconds: int) -> list[str]:
    command = ["wrk", "-t1", f"-c{shape.connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(machine.ROOT / "tests/bench/post.lua"), url, "--"]
    return command + [shape.path, str(shape.readings), str(shape.pipelined)]


def read_wrk(name: str, text: str) -> dict:
    """Requests and the seconds they took; anything but a success ends the bench."""
    bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*[1-9].*", text)
    if bad:
        raise SystemExit(f"bench: {name}: {bad.group(0)}")
    done = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    seconds = float(done.group(2)) * {"ms": 1e-3, "s": 1, "m": 60}[done.group(3)]
    return {
        "requests": int(done.group(1)),
        "seconds": seconds,
        "p99_ms": float(p99.group(1)) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)],
    }


def closed(server: Server, shape: Shape, seconds: int) -> dict:
    """As much as the server takes: CPU microseconds a reading, readings a second, p99."""
    command = machine.pinned(machine.OTHERS, wrk_command(server.url, shape, seconds))
    before = machine.cpu_seconds(server.pid)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = machine.cpu_seconds(server.pid) - before
    result = read_wrk(server.name, text)
    readings = result["requests"] * shape.readings
    return {
        "cpu_us": used / readings * 1e6,
        "rate": readings / result["seconds"],
        "p99_ms": result["p99_ms"],
        "requests": result["requests"],
    }


def load_command(build: Path, server: Server, devices: int, rps: float, seconds: float) -> list[str]:
    """weir-load: a fixed plan; latency counts from the time a request was due."""
    command = [str(build / "bin/weir-load"), "--base-url", server.url, "--json"]
    command += ["--devices", str(devices), "--rps", f"{rps:.6f}", "--connections", "256"]
    return machine.pinned(machine.OTHERS, command + ["--duration", f"{int(seconds * 1000)}ms"])


def open_loop(build: Path, server: Server, devices: int, rps: float, seconds: float) -> dict:
    """Latency in ms by quantile, how many were not accepted, the generator's own lateness, and CPU
    microseconds of the server for each."""
    command = load_command(build, server, devices, rps, seconds)
    before = machine.cpu_seconds(server.pid)
    report = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    used = machine.cpu_seconds(server.pid) - before
    return report["latency_ms"] | {
        "cpu_us": used / max(report["sent"], 1) * 1e6,
        "sent": report["sent"],
        "lost": report["sent"] - report["accepted"],
        "late_p99_ms": report["lateness_ms"]["p99"],
    }


class ProduceLoop:
    """librdkafka and nothing else, with the settings and records of weir-ingest."""

    def __init__(self, build: Path, kafka: str, topic: str) -> None:
        self.command = [str(build / "bench/yard_produce"), kafka, topic]

    def closed(self, shape: Shape, seconds: float) -> dict:
        """As many messages in flight as `shape` has; CPU microseconds a message."""
        groups = str(shape.connections * shape.pipelined)
        words = [f"{seconds:g}", "closed", groups, str(shape.readings)]
        result = machine.run_json(self.command + words, machine.MEASURED)
        messages = max(result["messages"], 1)
        return {"cpu_us": result["cpu_s"] / messages * 1e6, "rate": messages / result["seconds"]}

    def paced(self, rate: float, seconds: float) -> dict:
        """The broker's own latency in ms at a rate, and CPU microseconds a message."""
        words = [f"{seconds:g}", "paced", f"{rate:.1f}"]
        result = machine.run_json(self.command + words, machine.MEASURED)
        cpu_us = result["cpu_s"] / max(result["messages"], 1) * 1e6
        return {"p50": result["p50_ms"], "p99": result["p99_ms"], "cpu_us": cpu_us}
