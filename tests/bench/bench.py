"""Measures Weir against yardsticks in one interleaved run; prints a table and writes JSON.

Each figure is a median over the rounds; CPU time is the kernel's accounting of the measured process
alone (user and system, all its threads). Machines are noisy: believe the ratios, not the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pymongo
from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".run-bench"
TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


class Server:
    """A program under test on the first processor; everything else runs on the other ones."""

    def __init__(self, name: str, command: list[str], port: int, env: dict[str, str]) -> None:
        self.name, self.port = name, port
        pinned = ["taskset", "-c", "0", *command]
        log = open(RUN / f"{name}.log", "wb")
        self.process = subprocess.Popen(pinned, env=os.environ | env, stdout=log, stderr=log)

    def wait(self, path: str | None) -> None:
        import http.client

        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended; see {RUN / (self.name + '.log')}")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
                connection.connect()
                if path:
                    connection.request("GET", path)
                    if connection.getresponse().status != 200:
                        raise OSError
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise SystemExit(f"{self.name} is not ready")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def load(server: Server, connections: int, seconds: int) -> dict:
    """One burst of single POSTs; requests, CPU and latency of it."""
    before = cpu_seconds(server.process.pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(ROOT / "tests/bench/post.lua"), f"http://127.0.0.1:{server.port}"]
    last = str(max(os.cpu_count() - 1, 0))
    text = subprocess.run(
        ["taskset", "-c", last, *command], capture_output=True, text=True, check=True
    ).stdout
    used = cpu_seconds(server.process.pid) - before
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if errors:
        raise SystemExit(f"{server.name}: {errors.group(0)}")
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    scale = {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)]
    return {
        "requests_s": requests / seconds,
        "cpu_us": used / requests * 1e6,
        "p99_ms": float(p99.group(1)) * scale,
    }


def median(rounds: list[dict], key: str) -> float:
    return statistics.median(r[key] for r in rounds)


def bench_ingest(args, env) -> dict:
    build = Path(args.build)
    rows = {
        "epoll": [str(build / "bench/yard_epoll")],
        "evhttp": [str(build / "bench/yard_evhttp")],
        "http layer": [str(build / "bench/bench_http")],
        "weir-ingest": [str(build / "bin/weir-ingest")],
    }
    servers = []
    for name, command in rows.items():
        port = free_port()
        ours = name == "weir-ingest"
        full = command if ours else [*command, str(port)]
        server = Server(name, full, port, env | {"LISTEN": f"127.0.0.1:{port}"} if ours else {})
        server.wait("/readyz" if ours else None)
        servers.append(server)
    results: dict[str, list[dict]] = {name: [] for name in rows}
    for server in servers:
        load(server, args.connections, 1)  # warm up
    for _ in range(args.rounds):
        for server in servers:
            results[server.name].append(load(server, args.connections, args.seconds))
    memory = {s.name: resident_mib(s.process.pid) for s in servers}
    for server in servers:
        server.stop()
    base = median(results["epoll"], "cpu_us")
    return {
        name: {
            "requests_s": median(r, "requests_s"),
            "cpu_us": median(r, "cpu_us"),
            "p99_ms": median(r, "p99_ms"),
            "epoll_cpu_ratio": base / median(r, "cpu_us"),
            "rss_mib": memory[name],
        }
        for name, r in results.items()
    }


def produce(servers: str, topic: str, count: int) -> None:
    producer = Producer(
        {"bootstrap.servers": servers, "linger.ms": 20, "queue.buffering.max.messages": 1000000}
    )
    start_ms = int(time.time() * 1000) - 3600_000
    for i in range(count):
        device = f"bench-{i % 500}"
        value = (
            f'{{"device_id":"{device}","ts":{start_ms + i},"temperature_c":{20 + i % 100 / 10},'
            f'"humidity":{40 + i % 50 / 10},"seq":{i}}}'
        )
        producer.produce(topic, value, key=device)
        if i % 10000 == 0:
            producer.poll(0)
    producer.flush(60)


def bench_aggregator(args, env) -> dict:
    """A backlog of readings, from start to the last one in the ledger."""
    db_name = f"bench_{int(time.time())}"
    topic = f"bench.{int(time.time())}"
    port = free_port()
    env = env | {"TELEMETRY_TOPIC": topic, "MONGO_DB": db_name, "LISTEN": f"127.0.0.1:{port}"}
    env |= {"DLQ_TOPIC": topic + ".dlq"}
    # A first, empty run makes the topic; the backlog comes after it.
    binary = str(Path(args.build) / "bin/weir-aggregator")
    first = Server("aggregator", [binary], port, env)
    first.wait("/readyz")
    first.stop()
    produce(env["KAFKA_BOOTSTRAP_SERVERS"], topic, args.readings)
    db = pymongo.MongoClient(env["MONGO_URL"])[db_name]
    started = time.monotonic()
    server = Server("aggregator", [binary], port, env)
    accounted = 0
    while accounted < args.readings and time.monotonic() - started < 300:
        time.sleep(0.05)
        accounted = sum(d["next_offset"] - d["first"] for d in db.ledger.find())
    seconds = time.monotonic() - started
    result = {
        "readings": accounted,
        "readings_s": accounted / seconds,
        "cpu_us": cpu_seconds(server.process.pid) / max(accounted, 1) * 1e6,
        "rss_mib": resident_mib(server.process.pid),
    }
    server.stop()
    if accounted < args.readings:
        raise SystemExit(f"the aggregator took only {accounted} of {args.readings} readings")
    db.client.drop_database(db_name)
    return result


def show(result: dict) -> None:
    print(f"\nsingle POSTs, {result['connections']} connections, medians of {result['rounds']}")
    print(f"{'':14}{'requests/s':>12}{'CPU us each':>13}{'of epoll':>10}{'p99 ms':>9}{'RSS MiB':>9}")
    for name, r in result["ingest"].items():
        print(
            f"{name:14}{r['requests_s']:12.0f}{r['cpu_us']:13.2f}{r['epoll_cpu_ratio']:10.2f}"
            f"{r['p99_ms']:9.2f}{r['rss_mib']:9.1f}"
        )
    a = result["aggregator"]
    print(f"\naggregator, a backlog of {a['readings']} readings of two sensors, start included")
    print(f"{a['readings_s']:12.0f} readings/s {a['cpu_us']:8.2f} CPU us each {a['rss_mib']:8.1f} MiB")


def stack(*words: str, env: dict[str, str]) -> None:
    subprocess.run([ROOT / "tools/stack", *words], env=os.environ | env, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/gcc", help="tree with bin/ and bench/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of one burst")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--readings", type=int, default=200000, help="the aggregator's backlog")
    parser.add_argument("--json", default="build/bench.json", help="where the figures go")
    args = parser.parse_args()
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir()
    kafka, store = free_port(), free_port()
    env = {"WEIR_RUN": str(RUN), "KAFKA_PORT": str(kafka), "STORE_PORT": str(store)}
    stack("up", "--only", "kafka,store", env=env)
    try:
        daemon = {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
            "MONGO_URL": f"mongodb://127.0.0.1:{store}",
            "MONGOC_DISABLE_SHM": "1",
        }
        result = {
            "connections": args.connections,
            "rounds": args.rounds,
            "ingest": bench_ingest(args, daemon),
            "aggregator": bench_aggregator(args, daemon),
        }
    finally:
        stack("down", env=env)
    show(result)
    Path(args.json).write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nfigures in {args.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
