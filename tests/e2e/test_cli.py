"""The command lines of the four daemons: every mistake is told before anything is done."""

from __future__ import annotations

import re
import socket

import pytest

from support.daemon import run
from support.stack import DAEMONS

SHARED = ("LISTEN", "LOG_LEVEL", "LOG_FORMAT")
KAFKA = ("KAFKA_BOOTSTRAP_SERVERS", "TELEMETRY_TOPIC", "KAFKA_OPT_")
MONGO = ("MONGO_URL", "MONGO_DB", "RAW_COLLECTION", "AGG_COLLECTION", "ALERTS_COLLECTION")
THRESHOLDS = tuple(
    f"{sensor}_{side}_THRESHOLD" for sensor in ("TEMP", "HUMIDITY") for side in ("MIN", "MAX")
)
SETTINGS = {
    "ingest": (*SHARED, *KAFKA),
    "aggregator": (*SHARED, *KAFKA, *MONGO, "DLQ_TOPIC"),
    "alerter": (*SHARED, *KAFKA, *MONGO, *THRESHOLDS, "ALERTS_TOPIC"),
    "dashboard": (*SHARED, *MONGO),
}
WITH_KAFKA = ("ingest", "aggregator", "alerter")
WITH_MONGO = ("aggregator", "alerter", "dashboard")


@pytest.mark.parametrize("name", DAEMONS)
def test_help_names_every_setting(name: str) -> None:
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for setting in SETTINGS[name]:
        assert setting in done.stdout, setting
    printed = run(name, "--print-config")
    assert printed.returncode == 0
    known = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)(?:=| is not set)", printed.stdout, re.M))
    assert len(known) > 5
    for setting in known:
        assert setting in done.stdout, f"--print-config shows {setting}, --help does not"
        flag = "--" + setting.lower().replace("_", "-")
        assert flag in done.stdout or flag.replace("--", "--[no-]", 1) in done.stdout, flag


@pytest.mark.parametrize("name", DAEMONS)
def test_version(name: str) -> None:
    done = run(name, "--version")
    assert done.returncode == 0
    assert re.match(rf"weir-{name} \d+\.\d+\.\d+", done.stdout), done.stdout


@pytest.mark.parametrize("name", DAEMONS)
def test_an_unknown_option_exits_2_with_a_guess(name: str) -> None:
    done = run(name, "--log-levle", "debug")
    assert done.returncode == 2
    assert "did you mean" in done.stderr and "--log-level" in done.stderr


@pytest.mark.parametrize("name", DAEMONS)
def test_all_errors_are_told_at_once(name: str) -> None:
    bad = {"LISTEN": "nowhere:99999", "LOG_LEVEL": "loud", "SHUTDOWN_TIMEOUT": "soon"}
    for args in (["--check-config"], []):
        done = run(name, *args, **bad)
        assert done.returncode == 2
        for setting in bad:
            assert setting in done.stderr, f"{setting} is not in: {done.stderr}"


@pytest.mark.parametrize("name", DAEMONS)
def test_a_good_configuration_is_good(name: str) -> None:
    done = run(name, "--check-config", LOG_LEVEL="debug")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", WITH_MONGO)
def test_the_password_is_masked(name: str) -> None:
    url = "mongodb://weir:s3cr3t@db.example:27017/?replicaSet=rs0"
    done = run(name, "--print-config", MONGO_URL=url)
    assert done.returncode == 0
    assert "s3cr3t" not in done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("MONGO_URL=")]
    assert "db.example" in line and "environment" in line


@pytest.mark.parametrize("name", DAEMONS)
def test_flag_over_environment_over_default(name: str) -> None:
    done = run(name, "--print-config", "--log-level", "warn", LOG_LEVEL="debug", LOG_FORMAT="json")
    lines = {line.partition("=")[0]: line for line in done.stdout.splitlines()}
    assert lines["LOG_LEVEL"].startswith("LOG_LEVEL=warn") and "flag" in lines["LOG_LEVEL"]
    assert lines["LOG_FORMAT"].startswith("LOG_FORMAT=json")
    assert "default" in lines["SHUTDOWN_TIMEOUT"]


@pytest.mark.parametrize("name", WITH_KAFKA)
@pytest.mark.parametrize(
    ("setting", "value"), [("KAFKA_OPT_acks", "0"), ("KAFKA_OPT_enable_auto_commit", "true")]
)
def test_what_breaks_the_guarantee_is_refused(name: str, setting: str, value: str) -> None:
    done = run(name, "--check-config", **{setting: value})
    assert done.returncode == 2
    property_name = setting.removeprefix("KAFKA_OPT_").replace("_", ".")
    assert property_name in done.stderr
    assert len(done.stderr.strip()) > len(property_name) + 30, "no reason: " + done.stderr


@pytest.mark.parametrize("name", WITH_KAFKA)
def test_two_names_for_one_setting_must_agree(name: str) -> None:
    one, other = {"KAFKA_BOOTSTRAP_SERVERS": "a:1"}, {"KAFKA_BOOTSTRAP": "b:1"}
    assert run(name, "--check-config", **one, **other).returncode == 2
    assert run(name, "--check-config", **one, KAFKA_BOOTSTRAP="a:1").returncode == 0
    assert "KAFKA_BOOTSTRAP_SERVERS=b:1" in run(name, "--print-config", **other).stdout


def test_thresholds_that_cross_are_refused() -> None:
    done = run("alerter", "--check-config", TEMP_MIN_THRESHOLD="60")
    assert done.returncode == 2
    assert "TEMP_M" in done.stderr


def test_a_taken_port_is_a_runtime_failure() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = run("ingest", LISTEN=f"127.0.0.1:{port}", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.returncode == 1
    assert str(port) in done.stderr


TTL = [("aggregator", "RAW_TTL"), ("aggregator", "DLQ_TTL"), ("alerter", "ALERTS_TTL")]


@pytest.mark.parametrize(("name", "setting"), TTL)
def test_a_time_to_live_is_none_or_a_minute(name: str, setting: str) -> None:
    done = run(name, "--check-config", **{setting: "59s"})
    assert done.returncode == 2
    told = f"{setting} (environment): must be 0 (kept for ever) or at least 1m"
    assert told in done.stderr, done.stderr
    for good in ("0", "1m", "3650d"):
        assert run(name, "--check-config", **{setting: good}).returncode == 0
