"""Is it ready? One small real request for each kind of server, and who holds a port."""

from __future__ import annotations

import http.client
import os
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

from .settings import HOST

TIMEOUT_S = 2.0


class NotReady(Exception):
    """The reason, in one line."""


def kafka(bootstrap_servers: str) -> None:
    """Asks for metadata without topics: answered with a broker only once it serves requests."""
    host, port = _address(bootstrap_servers.split(",")[0], 9092)
    metadata_v1, correlation_id = (3, 1), 1
    body = struct.pack(">hhih5si", *metadata_v1, correlation_id, 5, b"stack", 0)
    with _connect(host, port) as peer:
        peer.sendall(struct.pack(">i", len(body)) + body)
        (size,) = struct.unpack(">i", _receive(peer, 4))
        reply = _receive(peer, size)
    answered_id, brokers = struct.unpack(">ii", reply[:8])
    if answered_id != correlation_id or brokers < 1:
        raise NotReady("answers, but has no active broker yet")


def store(mongo_url: str) -> None:
    """Sends `hello` as an OP_MSG and looks for `isWritablePrimary: true` in the answer."""
    url = urlsplit(mongo_url)
    if url.scheme != "mongodb":
        return  # mongodb+srv and the like: left to the daemons' own /readyz
    host, port = _address(url.netloc.rpartition("@")[2].split(",")[0], 27017)
    hello = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    document = struct.pack("<i", len(hello) + 5) + hello + b"\0"
    message = struct.pack("<iB", 0, 0) + document  # no flags, one section of kind 0
    with _connect(host, port) as peer:
        peer.sendall(struct.pack("<iiii", 16 + len(message), 1, 0, 2013) + message)
        (size,) = struct.unpack("<i", _receive(peer, 4))
        reply = _receive(peer, size - 4)
    if b"\x08isWritablePrimary\0\x01" not in reply:
        raise NotReady("answers, but is not a writable primary")


def daemon(port: int) -> None:
    """GET /readyz; anything but 200 is not ready, and the body says why."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body = response.read(4096).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"/readyz on port {port}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise NotReady(f"/readyz says {response.status}: {body}")


def port_is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As the servers do: old connections in TIME_WAIT are no reason to refuse.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except OSError:
            return False
    return True


def port_holder(port: int) -> str:
    """ "pid 123 (java -Xmx ...)" of whoever listens there, or why that cannot be told."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in inodes for fd in (directory / "fd").iterdir()):
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ")
                return f"pid {directory.name} ({command.decode(errors='replace').strip()[:100]})"
        except OSError:
            continue
    return "a process that this user may not see"


def _listening_inodes(port: int) -> list[str]:
    inodes = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            local, state = fields[1], fields[3]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                inodes.append(fields[9])
    return inodes


def _address(text: str, default_port: int) -> tuple[str, int]:
    url = urlsplit("//" + text)
    return url.hostname or HOST, url.port or default_port


def _connect(host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=TIMEOUT_S)
    except OSError as error:
        raise NotReady(f"{host}:{port}: {error}") from error


def _receive(peer: socket.socket, size: int) -> bytes:
    if not 0 < size <= 1 << 20:
        raise NotReady("answers, but not in the expected protocol")
    data = b""
    try:
        while len(data) < size:
            part = peer.recv(size - len(data))
            if not part:
                raise NotReady("closed the connection without an answer")
            data += part
    except OSError as error:
        raise NotReady(f"no answer: {error}") from error
    return data
