"""The processes that are to suffer: broker, store, daemons, and a proxy before broker and store."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

from plan import Fault
from support.daemon import Daemon
from support.fault_proxy import FaultProxy
from support.stack import Stack, is_ready
from support.wait import wait_until
from support.wire_frames import KafkaFrames, MongoFrames

PROGRAMS = {
    "ingest": "ingest",
    "aggregator-1": "aggregator",
    "aggregator-2": "aggregator",
    "alerter": "alerter",
}
# What is worth losing the answer of.
KINDS_OF_ANSWERS = {
    "kafka-line": (KafkaFrames.PRODUCE, KafkaFrames.OFFSET_COMMIT, None),
    "store-line": ("insert", "update", "find", None),
}


STARTS = 3
READY_S = 120.0  # a busy machine is no reason to give up


class NotTried(Exception):
    """Broker or store do not work, which is not what is tested here."""


class Yard:
    """Has what support.oracle.Oracle needs of a stack: `kafka`, `mongo`, `url`."""

    def __init__(self, run: Path, **ingest: str) -> None:
        self.run = run
        self.stack = Stack(run)
        # A store that answers before it has written loses what it has answered when it is killed.
        self.stack.env |= {"STORE_SYNC": "1"}
        self.kafka, self.mongo = self.stack.kafka, self.stack.mongo
        store = ("127.0.0.1", self.stack.ports["store"])
        self.lines = {
            "kafka-line": FaultProxy(
                self.stack.kafka_proxied, self.stack.kafka_proxy_port, KafkaFrames
            ),
            "store-line": FaultProxy(store, 0, MongoFrames),
        }
        self._ingest = ingest
        self._open = ExitStack()
        self.daemons: dict[str, Daemon] = {}

    def __enter__(self) -> Yard:
        try:
            self.stack.tool("up", "--only", "kafka,store")
            for line in self.lines.values():
                self._open.enter_context(line)
            self.daemons = {name: self._daemon(name) for name in PROGRAMS}
            for daemon in self.daemons.values():
                self._open.enter_context(daemon)
                daemon.start(wait_ready=False)
            for daemon in self.daemons.values():
                wait_until(lambda d=daemon: d.exited or is_ready(d.url), READY_S, daemon.tail)
                assert not daemon.exited, daemon.tail()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self.stack.down()

    def _daemon(self, name: str) -> Daemon:
        env = {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.lines['kafka-line'].port}",
            "MONGO_URL": f"mongodb://127.0.0.1:{self.lines['store-line'].port}",
        }
        return Daemon(self.stack, PROGRAMS[name], **env, **(self._ingest if name == "ingest" else {}))

    def url(self, name: str) -> str:
        return self.daemons[name if name in self.daemons else f"{name}-1"].url

    # --- faults ----------------------------------------------------------------------------

    def begin(self, fault: Fault) -> None:
        if fault.target in self.lines:
            self._begin_on_line(fault)
        elif fault.kind == "kill":
            self._kill(fault.target)
        else:
            number = signal.SIGTERM if fault.kind == "stop" else signal.SIGSTOP
            os.kill(self._pid(fault.target), number)

    def end(self, fault: Fault) -> None:
        if fault.target in self.lines:
            self.lines[fault.target].heal()
        elif fault.kind == "pause":
            os.kill(self._pid(fault.target), signal.SIGCONT)
        elif fault.target in self.daemons:
            daemon = self.daemons[fault.target]
            if fault.kind == "stop":
                self._wait_stopped(fault.target, daemon)
            daemon.start(wait_ready=False)
        else:
            self._start_service(fault.target)

    def check_alive(self) -> None:
        """A daemon that ended without being told to is a fault of its own."""
        ended = [daemon.tail() for daemon in self.daemons.values() if daemon.exited]
        assert not ended, f"ended by itself: {ended}"

    def _pid(self, target: str) -> int:
        if target not in self.daemons:
            return self.stack.pid(target)
        process = self.daemons[target].process
        assert process
        return process.pid

    def _kill(self, target: str) -> None:
        if target in self.daemons:
            self.daemons[target].kill()
        else:
            self.stack.kill(target)

    def _start_service(self, name: str) -> None:
        """A broker on a busy machine may need longer than tools/stack waits for it."""
        for _ in range(STARTS):
            done = self.stack.tool("start", name, check=False)
            if done.returncode == 0:
                return
        raise NotTried(done.stdout)

    def _wait_stopped(self, name: str, daemon: Daemon) -> None:
        """It may have to wait for the broker or the store, but not for ever. Who is told before it has
        come so far as to listen to signals is ended by the signal, and has done nothing yet."""
        wait_until(lambda: daemon.exited, 60, lambda: f"{name} to stop: {daemon.tail()}")
        assert daemon.process
        status = daemon.process.returncode
        unborn = status == -signal.SIGTERM and not daemon.has_said_started
        assert status == 0 or unborn, f"{name} ended with {status}: {daemon.tail()}"

    def _begin_on_line(self, fault: Fault) -> None:
        line = self.lines[fault.target]
        kinds = KINDS_OF_ANSWERS[fault.target]
        {
            "cut": line.cut,
            "reset": line.reset_all,
            "freeze": lambda: line.freeze(fault.way),
            "delay": lambda: line.delay(fault.number / 1000, fault.way),
            "half-close": lambda: line.half_close(fault.way),
            "cut-after": lambda: line.cut_after(fault.number * 50, fault.way),
            "lose-answers": lambda: line.lose_answers(
                1 + fault.number % 5, kinds[fault.number % len(kinds)]
            ),
        }[fault.kind]()
