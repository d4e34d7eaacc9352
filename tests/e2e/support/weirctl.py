"""weirctl, as an operator calls it."""

from __future__ import annotations

import json
import subprocess

from .daemon import run_path
from .stack import Stack, binaries


class Operator:
    def __init__(self, stack: Stack) -> None:
        self.env = {"KAFKA_BOOTSTRAP_SERVERS": stack.kafka, "MONGO_URL": stack.mongo}

    def call(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return run_path(binaries() / "weirctl", *args, **(self.env | env))

    def must(self, status: int, *args: str, **env: str) -> str:
        """Its standard output; the exit status must be this one."""
        done = self.call(*args, **env)
        told = f"weirctl {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == status, told
        return done.stdout

    def rows(self, status: int, *args: str, **env: str) -> list[dict]:
        """With --json: an object a line."""
        return [json.loads(line) for line in self.must(status, *args, "--json", **env).splitlines()]
