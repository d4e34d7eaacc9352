"""The keys file: changed, damaged and missing while a daemon runs, and what is no start."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from support.api_keys import Key, in_hours, weirctl, with_crc, write_keys, write_text
from support.daemon import Daemon, run
from support.metrics_text import parse
from support.stack import Stack
from support.wait import wait_until

API_KEY = "a-key-of-nobody's-making"
RELOADED_S = 5  # it is looked for once a second
READ = Key()

# --- while the daemons run ---------------------------------------------------------------------


@pytest.fixture
def own(_session_stack: Stack, tmp_path: Path) -> Iterator[tuple[Daemon, Path]]:
    """A dashboard with a keys file of its own, which has one key."""
    file = tmp_path / "keys.json"
    write_keys(file, READ.entry("read"))
    with Daemon(_session_stack, "dashboard", API_KEYS_FILE=str(file), LOG_FORMAT="json") as daemon:
        yield daemon.start(), file


def status_of(daemon: Daemon, key: str) -> int:
    return requests.get(f"{daemon.url}/devices", headers={"X-API-Key": key}, timeout=10).status_code


def must_become(daemon: Daemon, key: str, status: int) -> None:
    wait_until(lambda: status_of(daemon, key) == status, RELOADED_S, f"{status} for the key")


def readyz(daemon: Daemon) -> dict:
    return requests.get(f"{daemon.url}/readyz", timeout=10).json()


def metric(daemon: Daemon, name: str, **labels: str) -> float:
    samples = parse(requests.get(f"{daemon.url}/metrics", timeout=10).text)
    found = [s for s in samples if s.name == name and dict(s.labels) == labels]
    assert len(found) == 1, (name, labels)
    return found[0].value


def events(daemon: Daemon, name: str) -> list[dict]:
    lines = daemon.log.read_text().splitlines()
    parsed = [json.loads(text) for text in lines if text.startswith("{")]
    return [event for event in parsed if event["event"] == name]


def test_keys_come_and_go_by_weirctl(own: tuple[Daemon, Path]) -> None:
    daemon, file = own
    key = weirctl("key", "create", "--file", str(file), "--scopes", "read", "--expires", "1d")
    must_become(daemon, key, 200)
    assert status_of(daemon, READ.text) == 200  # two keys at once: rotation
    weirctl("key", "revoke", READ.id, "--file", str(file))
    must_become(daemon, READ.text, 401)
    assert status_of(daemon, key) == 200
    listed = json.loads(weirctl("key", "list", "--json", "--file", str(file)))
    assert [item["state"] for item in listed] == ["revoked", "active"]
    assert metric(daemon, "weir_api_keys", state="active") == 1
    assert metric(daemon, "weir_api_keys", state="revoked") == 1
    assert metric(daemon, "weir_auth_refused_total", reason="revoked") >= 1
    assert key not in daemon.log.read_text()


def test_a_key_expires_while_the_daemon_runs(own: tuple[Daemon, Path]) -> None:
    daemon, file = own
    short = Key()
    write_keys(file, short.entry("read", expires_at=in_hours(4 / 3600)))
    must_become(daemon, short.text, 200)
    must_become(daemon, short.text, 401)
    assert metric(daemon, "weir_api_keys", state="expired") == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda file: write_text(file, '{"version":1,"keys":['), "line 1"),
        (lambda file: write_text(file, '{"version":1,"keys":[{"id":"abcdefgh"}]}'), "keys[0]"),
        (lambda file: file.unlink(), "No such file"),
    ],
    ids=["half", "wrong", "missing"],
)
def test_a_file_that_cannot_be_used_keeps_the_keys(
    own: tuple[Daemon, Path], damage: Callable[[Path], None], reason: str
) -> None:
    daemon, file = own
    damage(file)
    wait_until(lambda: "api_keys_error" in readyz(daemon), RELOADED_S, "/readyz to tell")
    told = readyz(daemon)
    assert reason in told["api_keys_error"] and str(file) in told["api_keys_error"]
    assert (told["status"], told["authentication"]) == ("ready", "on")
    assert status_of(daemon, READ.text) == 200
    assert status_of(daemon, "nonsense") == 401
    assert metric(daemon, "weir_api_keys_reload_errors_total") == 1
    other = Key()
    write_keys(file, other.entry("read"))
    must_become(daemon, other.text, 200)
    assert status_of(daemon, READ.text) == 401
    assert "api_keys_error" not in readyz(daemon)
    assert len(events(daemon, "api_keys_kept")) == 1, "told more than once"
    assert len(events(daemon, "api_keys_reloaded")) == 1


def test_hup_reads_it_again_at_once(own: tuple[Daemon, Path]) -> None:
    daemon, _ = own
    assert daemon.process
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: events(daemon, "api_keys_reloaded"), RELOADED_S, "the log to tell")
    assert status_of(daemon, READ.text) == 200


# --- start -------------------------------------------------------------------------------------

SERVERS = ("ingest", "dashboard")


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "No such file"), ("{}", "keys: is missing"), ('{"version":1,"keys":[7]}', "keys[0]")],
    ids=["missing", "empty", "wrong"],
)
def test_no_start_without_a_usable_file(
    name: str, text: str | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    if text is not None:
        file.write_text(text)
    for args in ([], ["--check-config"]):
        done = run(name, *args, API_KEYS_FILE=str(file))
        assert done.returncode == 2
        assert "API_KEYS_FILE" in done.stderr and str(file) in done.stderr
        assert reason in done.stderr, done.stderr


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("key", ["short", "sixteen letters and a space", with_crc("wk_a_b")[:-1]])
def test_no_start_with_a_weak_api_key(name: str, key: str) -> None:
    done = run(name, "--check-config", API_KEY=key)
    assert done.returncode == 2 and "API_KEY" in done.stderr
    assert key not in done.stderr


@pytest.mark.parametrize("name", SERVERS)
def test_an_empty_secret_does_not_open_the_door(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "secret"
    empty.write_text("\n")
    done = run(name, "--check-config", API_KEY_FILE=str(empty))
    assert done.returncode == 2 and "empty" in done.stderr


@pytest.mark.parametrize("name", SERVERS)
def test_api_key_is_a_secret(name: str, tmp_path: Path) -> None:
    done = run(name, "--print-config", API_KEY=API_KEY)
    assert done.returncode == 0 and API_KEY not in done.stdout
    assert re.search(r"^API_KEY=\*+", done.stdout, re.M)
    secret = tmp_path / "secret"
    secret.write_text(API_KEY + "\n")
    assert run(name, "--check-config", API_KEY_FILE=str(secret)).returncode == 0
