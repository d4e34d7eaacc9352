"""Ports on the loopback: free ones, and whether somebody takes connections there."""

from __future__ import annotations

import random
import socket


def free_ports(count: int) -> list[int]:
    """Below the ephemeral range: no outgoing connection can take one while a daemon restarts."""
    ports: list[int] = []
    candidates = list(range(11000, 21000))
    random.SystemRandom().shuffle(candidates)
    for port in candidates:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise AssertionError("no free ports")


def free_port() -> int:
    return free_ports(1)[0]


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
