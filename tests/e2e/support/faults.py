"""Calls of a running daemon that fail on demand: the other side of tests/faults/fail_calls.h."""

from __future__ import annotations

import errno
import mmap
import struct
from pathlib import Path

from .stack import binaries

MAGIC = 0x4C494146
NAME, SLOTS = 16, 48
# magic, threads, times, error, left, fired, name; then SLOTS times name, main, others
HEAD = struct.Struct(f"<IIIiqI{NAME}s")
SLOT = struct.Struct(f"<{NAME}sII")
LEFT = struct.Struct("<q")
LEFT_AT = struct.calcsize("<IIIi")
FIRED_AT = LEFT_AT + LEFT.size
SIZE = (HEAD.size + SLOTS * SLOT.size + 7) // 8 * 8

MAIN, OTHERS, ALL = 1, 2, 3
SHORT, END = 0, -1  # one byte is moved; nothing is, as at the end of a stream
ERRORS = {"short": SHORT, "end": END}


def error_number(name: str) -> int:
    return ERRORS[name] if name in ERRORS else getattr(errno, name)


class FailCalls:
    """The control file of one daemon. It outlives the daemon, and can be armed before its start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(HEAD.pack(MAGIC, ALL, 0, 0, 0, 0, b"").ljust(SIZE, b"\0"))
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), SIZE)

    def environment(self, memory: bool = False) -> dict[str, str]:
        """What a daemon is started with. Allocations fail only with `memory`."""
        names = ["fail_calls.so"] + (["fail_memory.so"] if memory else [])
        libraries = [binaries().parent / "faults" / name for name in names]
        missing = [str(library) for library in libraries if not library.exists()]
        assert not missing, f"not built: {missing}; `make e2e` builds them"
        return {
            "LD_PRELOAD": ":".join(map(str, libraries)),
            "FAIL_CALLS": str(self.path),
            "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0",
        }

    def arm(self, call: str, number: int, error: str, threads: int = MAIN, times: int = 1) -> None:
        """From now, the number-th call fails, and times - 1 after it."""
        self.disarm()
        head = HEAD.pack(MAGIC, threads, times, error_number(error), 0, 0, call.encode())
        self.map[: HEAD.size] = head
        self.map[LEFT_AT:FIRED_AT] = LEFT.pack(number)

    def disarm(self) -> None:
        self.map[LEFT_AT:FIRED_AT] = LEFT.pack(0)

    @property
    def fired(self) -> int:
        """How many calls were failed since it was armed."""
        return struct.unpack_from("<I", self.map, FIRED_AT)[0]

    def counts(self, threads: int = MAIN) -> dict[str, int]:
        """Calls of each name since the start of the daemon."""
        found = {}
        for slot in range(SLOTS):
            name, main, others = SLOT.unpack_from(self.map, HEAD.size + slot * SLOT.size)
            if name[0]:
                wanted = (main if threads & MAIN else 0) + (others if threads & OTHERS else 0)
                found[name.rstrip(b"\0").decode()] = wanted
        return found

    def close(self) -> None:
        self.map.close()
