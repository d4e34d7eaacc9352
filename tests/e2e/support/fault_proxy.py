"""A TCP proxy that does what networks do: cuts, freezes, delays, half-closes, loses answers.

    with FaultProxy(("127.0.0.1", 9093), frames=KafkaFrames) as proxy:
        ...                         # clients connect to 127.0.0.1:proxy.port
        proxy.delay(0.3, DOWN)      # faults add up
        proxy.lose_answers(3, KafkaFrames.PRODUCE)
        ...
        proxy.heal()                # until they are all taken back

By hand: python fault_proxy.py LISTEN_PORT HOST:PORT [kafka|mongo], then one command a line:
heal, cut, reset, freeze [up|down], delay SECONDS [up|down], half-close [up|down],
cut-after BYTES [up|down], lose-answers TIMES [KIND], status."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

if __package__:
    from .wire_frames import Frames, KafkaFrames, MongoFrames, take_frames
else:
    from wire_frames import Frames, KafkaFrames, MongoFrames, take_frames

UP, DOWN = "up", "down"  # towards the server, towards the client
BOTH = UP + DOWN
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset
CHUNK = 65536


@dataclass
class Line:
    """What holds for one direction of every connection."""

    frozen: bool = False
    delay_s: float = 0.0
    bytes_left: int | None = None  # of each connection from now; the next one resets it


@dataclass
class Rules:
    up: Line = field(default_factory=Line)
    down: Line = field(default_factory=Line)
    refuse: bool = False
    lose_left: int = 0
    lose_kind: int | str | None = None  # None: of any request


@dataclass
class Seen:
    """Since the proxy began."""

    connections: int = 0
    up_bytes: int = 0
    down_bytes: int = 0
    lost_answers: int = 0
    resets: int = 0


@dataclass
class Way:
    """One direction of one connection."""

    direction: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    bytes_left: int | None = None
    closed: bool = False  # half-closed by us: what still comes is lost
    partial: bytearray = field(default_factory=bytearray)  # a frame that is not complete yet


@dataclass(eq=False)
class Link:
    """One client and its connection to the server."""

    up: Way
    down: Way
    doomed: set[int] = field(default_factory=set)  # requests whose answers are to be lost

    def ways(self, direction: str) -> list[Way]:
        return [way for way in (self.up, self.down) if way.direction in direction]


class Lost(Exception):
    """The connection ends here."""


class FaultProxy:
    """Its methods may be called from any thread, and hold for old and new connections unless they
    say otherwise. `frames` says how to tell answers apart, for `lose_answers` only."""

    def __init__(
        self, upstream: tuple[str, int], port: int = 0, frames: type[Frames] | None = None
    ) -> None:
        self.upstream, self.port, self.frames = upstream, port, frames
        self.seen = Seen()
        self._rules = Rules()
        self._links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy")
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None

    # --- what can go wrong -----------------------------------------------------------------

    def heal(self) -> None:
        """As if nothing were between; connections that lost something are gone by then."""

        def heal() -> None:
            self._rules = Rules()
            for link in self._links:
                link.up.bytes_left = link.down.bytes_left = None

        self._do(heal)

    def cut(self) -> None:
        """Every connection is reset, and so is every new one."""

        def cut() -> None:
            self._rules.refuse = True
            self._reset_links()

        self._do(cut)

    def reset_all(self) -> None:
        """Every connection is reset once; new ones work."""
        self._do(self._reset_links)

    def freeze(self, direction: str = BOTH) -> None:
        """Nothing moves and nothing is closed: a cable that was pulled."""
        self._do(lambda: self._set(direction, frozen=True))

    def delay(self, seconds: float, direction: str = BOTH) -> None:
        """Every piece of at most 64 KiB waits so long, one behind the other."""
        self._do(lambda: self._set(direction, delay_s=seconds))

    def half_close(self, direction: str = DOWN) -> None:
        """On every connection that is open: the receiving side reads its end, and what is sent that
        way afterwards is lost. The other way goes on."""

        def close() -> None:
            for link in self._links:
                for way in link.ways(direction):
                    way.closed = True
                    with contextlib.suppress(OSError):  # it may have been reset, and not been noticed yet
                        way.writer.write_eof()

        self._do(close)

    def cut_after(self, count: int, direction: str = DOWN) -> None:
        """Each connection passes so many more bytes that way, and is reset at the next one."""

        def cut() -> None:
            self._set(direction, bytes_left=count)
            for link in self._links:
                for way in link.ways(direction):
                    way.bytes_left = count

        self._do(cut)

    def lose_answers(self, times: int, kind: int | str | None = None) -> None:
        """The server does what the next so many requests of this kind ask; their answers, and the
        connections with them, are lost."""
        if not self.frames:
            raise ValueError("answers are told apart by frames, and none were given")

        def lose() -> None:
            self._rules.lose_left, self._rules.lose_kind = times, kind

        self._do(lose)

    # --- life ------------------------------------------------------------------------------

    def __enter__(self) -> FaultProxy:
        self._thread.start()

        async def listen() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

        self._run(listen())
        return self

    def __exit__(self, *_: object) -> None:
        async def close() -> None:
            if self._server:
                self._server.close()
            self._reset_links()
            served = asyncio.all_tasks() - {asyncio.current_task()}
            for task in served:
                task.cancel()
            await asyncio.gather(*served, return_exceptions=True)

        self._run(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _do(self, change: Callable[[], None]) -> None:
        """In the loop's thread, and done when it returns."""

        async def do() -> None:
            change()
            self._changed.set()
            self._changed.clear()

        self._run(do())

    # --- the loop's side -------------------------------------------------------------------

    def _set(self, direction: str, **values: object) -> None:
        for name in (UP, DOWN):
            if name in direction:
                line = getattr(self._rules, name)
                for key, value in values.items():
                    setattr(line, key, value)

    def _line(self, way: Way) -> Line:
        return self._rules.up if way.direction == UP else self._rules.down

    def _reset_links(self) -> None:
        for link in list(self._links):
            self._reset(link)

    def _reset(self, link: Link) -> None:
        if link in self._links:
            self._links.discard(link)
            self.seen.resets += 1
            for way in (link.up, link.down):
                abort(way.writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.connections += 1
        try:
            if self._rules.refuse:
                raise ConnectionRefusedError
            server_reader, server = await asyncio.open_connection(*self.upstream)
        except OSError:
            abort(writer)
            return
        link = Link(
            Way(UP, reader, server, self._rules.up.bytes_left),
            Way(DOWN, server_reader, writer, self._rules.down.bytes_left),
        )
        self._links.add(link)
        try:
            await asyncio.gather(self._pump(link, link.up), self._pump(link, link.down))
        except (OSError, Lost):
            self._reset(link)
        finally:
            self._links.discard(link)
            for side in (writer, server):
                side.close()

    async def _pump(self, link: Link, way: Way) -> None:
        while data := await way.reader.read(CHUNK):
            while self._line(way).frozen:
                await self._changed.wait()
            if self._line(way).delay_s:
                await asyncio.sleep(self._line(way).delay_s)
            if not way.closed:
                way.writer.write(self._passed(link, way, data))
                await way.writer.drain()
        if way.writer.can_write_eof():
            way.writer.write_eof()

    def _passed(self, link: Link, way: Way, data: bytes) -> bytes:
        """What of it goes on; raises Lost, with what comes before the end written."""
        if way.direction == UP:
            self.seen.up_bytes += len(data)
            self._look_at_requests(link, data)
        else:
            self.seen.down_bytes += len(data)
            data = self._without_lost_answers(link, data)
        if way.bytes_left is not None:
            if len(data) > way.bytes_left:
                way.writer.write(data[: way.bytes_left])
                raise Lost
            way.bytes_left -= len(data)
        return data

    def _look_at_requests(self, link: Link, data: bytes) -> None:
        if not self.frames:
            return
        link.up.partial += data
        for frame in take_frames(self.frames, link.up.partial):
            request = self.frames.request(frame)
            if self._rules.lose_left > 0 and self._rules.lose_kind in (None, request.kind):
                self._rules.lose_left -= 1
                link.doomed.add(request.id)

    def _without_lost_answers(self, link: Link, data: bytes) -> bytes:
        if not self.frames:
            return data
        link.down.partial += data
        passed = b""
        for frame in take_frames(self.frames, link.down.partial):
            if self.frames.answered(frame) in link.doomed:
                self.seen.lost_answers += len(link.doomed)  # those behind it go with it
                link.down.writer.write(passed)
                raise Lost
            passed += frame
        return passed


def abort(writer: asyncio.StreamWriter) -> None:
    """Both ends learn of it at once, by a reset."""
    with contextlib.suppress(OSError):
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def main(port: str, upstream: str, protocol: str = "") -> None:
    host, _, number = upstream.rpartition(":")
    frames = {"kafka": KafkaFrames, "mongo": MongoFrames}.get(protocol)
    with FaultProxy((host, int(number)), int(port), frames) as proxy:
        print(f"listens on 127.0.0.1:{proxy.port}", flush=True)
        commands: dict[str, Callable[..., object]] = {
            "heal": proxy.heal,
            "cut": proxy.cut,
            "reset": proxy.reset_all,
            "freeze": proxy.freeze,
            "delay": lambda seconds, *way: proxy.delay(float(seconds), *way),
            "half-close": proxy.half_close,
            "cut-after": lambda count, *way: proxy.cut_after(int(count), *way),
            "lose-answers": lambda times, kind=None: proxy.lose_answers(
                int(times), int(kind) if kind and kind.isdigit() else kind
            ),
            "status": lambda: print(proxy.seen, flush=True),
        }
        for line in sys.stdin:
            try:
                name, *rest = line.split()
                commands[name](*rest)
            except (KeyError, TypeError, ValueError) as error:
                print(f"{error!r}; one of: {', '.join(commands)}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
