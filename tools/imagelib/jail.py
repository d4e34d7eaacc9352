"""Runs a program in a root file system as a container would: another user, nothing writable, no new privileges."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from .shell import Failed

# Its own mounts, gone with the process. The root is bound onto itself to become read-only.
ENTER = """
set -euo pipefail
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
[ "$2" = writable ] || mount -o remount,bind,ro "$1"
user=$3
root=$1
shift 3
exec /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec="$user" "$root" "$@"
"""


def command(root: Path, user: str, words: list[str], writable: bool = False) -> list[str]:
    how = "writable" if writable else "read-only"
    return ["unshare", "--mount", "bash", "-c", ENTER, "enter", str(root), how, user, *words]


def ask(root: Path, user: str, words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself."""
    return subprocess.run(
        command(root, user, words), env=env, capture_output=True, text=True, timeout=60, check=False
    )


class Jailed:
    """A daemon in a root file system; killed when the block is left."""

    def __init__(self, root: Path, user: str, words: list[str], env: dict[str, str], log: Path):
        self.root, self.user, self.env, self.log = root, user, env, log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command(root, user, words),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Jailed:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]

    def wait_healthy(self, words: list[str], deadline_s: float = 20) -> None:
        """Asks as the engine would: by the image's own health check."""
        until = time.monotonic() + deadline_s
        while True:
            if self.process.poll() is not None:
                raise Failed(f"ended with {self.process.returncode}: {self.tail()}")
            done = ask(self.root, self.user, words, self.env)
            if done.returncode == 0:
                return
            if time.monotonic() > until:
                raise Failed(f"never healthy: {done.stderr.strip()}; {self.tail()}")
            time.sleep(0.1)

    def effective_user(self) -> tuple[str, bool]:
        """uid:gid and whether it can still gain privileges, as the kernel has them."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        ids = f"{fields['Uid'].split()[1]}:{fields['Gid'].split()[1]}"
        return ids, fields["NoNewPrivs"] != "1" or int(fields["CapEff"], 16) != 0

    def stop(self, signo: int = signal.SIGTERM, deadline_s: float = 20) -> int:
        self.process.send_signal(signo)
        return self.process.wait(deadline_s)
