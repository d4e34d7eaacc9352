"""What each subcommand of tools/stack does; every function returns the exit code."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import probe
from .services import DAEMONS, INFRASTRUCTURE, NAMES, Service
from .settings import HOST, Settings, StackError

_print_lock = threading.Lock()


def say(name: str, text: str, error: bool = False) -> None:
    with _print_lock:
        print(f"{name:<11} {text}", file=sys.stderr if error else sys.stdout, flush=True)


def up(settings: Settings, services: dict[str, Service], only: list[str]) -> int:
    settings.remember()
    for group in (INFRASTRUCTURE, DAEMONS):
        code = _each([services[name] for name in group if name in only], _start_one)
        if code != 0:
            return code  # daemons without broker and store would only report that again
    return 0


def start(settings: Settings, services: dict[str, Service], names: list[str]) -> int:
    settings.remember()
    return _each([services[name] for name in _own(services, names)], _start_one)


def stop(services: dict[str, Service], names: list[str], kill: bool) -> int:
    chosen = [services[name] for name in _own(services, names)]
    return _each(chosen, _kill_one if kill else _stop_one)


def restart(settings: Settings, services: dict[str, Service], names: list[str], kill: bool) -> int:
    return stop(services, names, kill) or start(settings, services, names)


def down(services: dict[str, Service], quiet: bool = False) -> int:
    """The daemons first, so that they can still commit and flush."""
    code = 0
    for group in (DAEMONS, INFRASTRUCTURE):
        chosen = [services[name] for name in group if services[name].pid_file.read()]
        quiet = quiet or bool(chosen)
        code = _each(chosen, _stop_one) or code
    if not quiet:
        print("nothing runs")
    return code


def pause(services: dict[str, Service], names: list[str], number: signal.Signals) -> int:
    def signal_one(service: Service) -> None:
        process = service.running()
        if not process:
            raise StackError(f"{service.name} does not run")
        process.signal(number)
        say(service.name, "paused" if number == signal.SIGSTOP else "resumed")

    return _each([services[name] for name in _own(services, names)], signal_one)


def status(services: dict[str, Service], as_json: bool) -> int:
    with ThreadPoolExecutor(len(services)) as pool:
        rows = list(pool.map(_status_row, services.values()))
    if as_json:
        print(json.dumps({row.pop("name"): row for row in rows}, indent=1))
    else:
        print(f"{'NAME':<11} {'PID':>8} {'PORT':>6} {'UPTIME':>9}  STATE")
        for row in rows:
            uptime = "-" if row["uptime_s"] is None else _duration(row["uptime_s"])
            reason = f" ({row['reason']})" if row["reason"] else ""
            columns = f"{row['pid'] or '-':>8} {row['port'] or '-':>6} {uptime:>9}"
            print(f"{row['name']:<11} {columns}  {row['state']}{reason}")
    wanted = [row for row in rows if row["state"] != "stopped"]
    ours = [row for row in wanted if row["pid"]]
    return 0 if ours and all(row["state"] in ("ready", "external") for row in wanted) else 1


def env(settings: Settings) -> int:
    ports = settings.ports
    values = {
        "WEIR_RUN": str(settings.run),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_url,
        "MONGO_URL": settings.mongo_url,
        "INGEST_URL": f"http://{HOST}:{ports['ingest']}",
        "DASHBOARD_URL": f"http://{HOST}:{ports['dashboard']}",
        "AGGREGATOR_URL": f"http://{HOST}:{ports['aggregator']}",
        "ALERTER_URL": f"http://{HOST}:{ports['alerter']}",
    }
    for name, value in values.items():
        print(f"{name}={shlex.quote(value)}")
    return 0


def logs(services: dict[str, Service], name: str, lines: int, follow: bool) -> int:
    path = services[name].pid_file.log
    if not path.exists():
        raise StackError(f"{name} has no log yet ({path})")
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), str(path)])


def reset(settings: Settings, services: dict[str, Service], yes: bool) -> int:
    data = settings.run / "data"
    running = [name for name in NAMES if services[name].running()]
    if not yes:
        if not sys.stdin.isatty():
            raise StackError("reset deletes data: say --yes when there is no terminal to ask at")
        first = f"stop {', '.join(running)} and " if running else ""
        if input(f"{first}delete all data in {data}? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing changed")
            return 1
    code = down(services, quiet=True)
    if code != 0:
        return code
    found = [data / name for name in ("kafka", "kafka.new", "store") if (data / name).exists()]
    for directory in found:
        shutil.rmtree(directory)
    print("\n".join(f"deleted {directory}" for directory in found) or f"no data in {data}")
    return 0


def _own(services: dict[str, Service], names: Iterable[str]) -> list[str]:
    """The names without repetition; refuses what is run by someone else."""
    for name in names:
        if services[name].external:
            raise StackError(f"{name} is not run by this stack: an address of another one is set")
    return list(dict.fromkeys(names))


def _each(services: list[Service], action: Callable[[Service], None]) -> int:
    """Runs the action for all services at once; one failing does not keep others from finishing."""

    def guarded(service: Service) -> int:
        try:
            action(service)
        except StackError as error:
            say("stack:", str(error), error=True)
            return 1
        return 0

    if not services:
        return 0
    with ThreadPoolExecutor(len(services)) as pool:
        return max(pool.map(guarded, services))


def _start_one(service: Service) -> None:
    begun = time.monotonic()
    if service.external:
        try:
            service.probe()
        except probe.NotReady as reason:
            raise StackError(f"{service.name} (not ours) is not ready: {reason}") from None
        say(service.name, "is there, not run by this stack")
        return
    running = service.running()
    if running and running.outdated:
        say(service.name, "was built anew since it started")
        _stop_one(service)
    process, new = service.start()
    service.wait_ready(process)
    took = f"in {time.monotonic() - begun:.1f} s" if new else "already"
    say(service.name, f"ready {took}: {HOST}:{service.port}, pid {process.pid}")


def _stop_one(service: Service) -> None:
    begun = time.monotonic()
    with service.pid_file.locked():
        process = service.running()
        if process:
            process.signal(signal.SIGTERM)
            process.signal(signal.SIGCONT)  # a paused process cannot handle SIGTERM
            if not process.wait_gone(service.stop_timeout_s):
                say(service.name, f"ignores SIGTERM for {service.stop_timeout_s:.0f} s: SIGKILL")
                _kill(service)
        service.pid_file.remove()
    say(service.name, f"stopped in {time.monotonic() - begun:.1f} s" if process else "does not run")


def _kill_one(service: Service) -> None:
    with service.pid_file.locked():
        killed = _kill(service)
        service.pid_file.remove()
    say(service.name, "killed" if killed else "does not run")


def _kill(service: Service) -> bool:
    process = service.running()
    if process:
        process.signal(signal.SIGKILL)
        if not process.wait_gone(10):
            raise StackError(
                f"{service.name}: pid {process.pid} survives SIGKILL (stuck in the kernel?)"
            )
    return process is not None


def _status_row(service: Service) -> dict[str, Any]:
    recorded = service.pid_file.read()
    process = service.running()
    state, reason = "stopped", ""
    if service.external or process:
        state = "external" if service.external else "ready"
        if process and process.paused:
            state = "paused"
        else:
            try:
                service.probe()
            except probe.NotReady as error:
                state, reason = "not ready", str(error)
    elif recorded:
        state, reason = "died", f"see tools/stack logs {service.name}"
    return {
        "name": service.name,
        "pid": process.pid if process else None,
        "port": None if service.external else service.port,
        "state": state,
        "reason": reason,
        "uptime_s": round(process.uptime_s, 1) if process else None,
    }


def _duration(seconds: float) -> str:
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours:
        return f"{hours}h{minutes % 60:02}m"
    return f"{minutes}m{int(seconds) % 60:02}s" if minutes else f"{seconds:.1f}s"
