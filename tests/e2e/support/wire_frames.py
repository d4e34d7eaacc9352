"""The frames of two protocols, as far as a proxy must know them to lose one answer and no other."""

from __future__ import annotations

import struct
from typing import NamedTuple, Protocol


class Request(NamedTuple):
    id: int  # its answer carries it too
    kind: int | str  # Kafka: the api_key; store: the name of the command, such as "insert"


class Frames(Protocol):
    @staticmethod
    def length(head: bytes) -> int:
        """Of the whole frame that begins with these four bytes."""

    @staticmethod
    def request(frame: bytes) -> Request: ...

    @staticmethod
    def answered(frame: bytes) -> int:
        """The id of the request that this frame answers."""


class KafkaFrames:
    """Length, big endian, without itself; api_key, version, correlation id; answers: the last."""

    PRODUCE, FETCH, OFFSET_COMMIT = 0, 1, 8

    @staticmethod
    def length(head: bytes) -> int:
        return 4 + int.from_bytes(head, "big")

    @staticmethod
    def request(frame: bytes) -> Request:
        api_key, _, correlation = struct.unpack_from(">hhi", frame, 4)
        return Request(correlation, api_key)

    @staticmethod
    def answered(frame: bytes) -> int:
        return int.from_bytes(frame[4:8], "big", signed=True)


class MongoFrames:
    """Length with itself, id, id of what it answers, operation: little endian. In an OP_MSG follow
    flags and a section of kind 0, a document whose first element is named like the command."""

    OP_MSG, FLAGS, NAME = 2013, 16, 26

    @staticmethod
    def length(head: bytes) -> int:
        return int.from_bytes(head, "little")

    @classmethod
    def request(cls, frame: bytes) -> Request:
        number, _, operation = struct.unpack_from("<iii", frame, 4)
        if operation != cls.OP_MSG or len(frame) <= cls.NAME or frame[cls.FLAGS + 4] != 0:
            return Request(number, "")
        return Request(number, frame[cls.NAME : frame.index(0, cls.NAME)].decode())

    @staticmethod
    def answered(frame: bytes) -> int:
        return int.from_bytes(frame[8:12], "little", signed=True)


def take_frames(frames: Frames, buffer: bytearray) -> list[bytes]:
    """Takes the complete ones off the front."""
    found = []
    while len(buffer) >= 4:
        end = frames.length(buffer[:4])
        if len(buffer) < end:
            break
        found.append(bytes(buffer[:end]))
        del buffer[:end]
    return found
