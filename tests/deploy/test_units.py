"""The systemd unit: what checks/units would not let pass."""

from __future__ import annotations

import pytest
from checks import ROOT, check

units = check("units")
TEXT = (ROOT / "deploy/systemd/weir-daemon.service.in").read_text().replace("@NAME@", "ingest")


def found(text: str) -> list[str]:
    return units.problems(text, units.settings("ingest")) + units.verdict(text, "ingest")


def test_as_it_is_nothing_is_wrong() -> None:
    assert found(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Type=notify", "Type=simple", "Type is simple, not notify"),
        ("User=weir", "User=root", "User is root"),
        ("RestartPreventExitStatus=2", "", "RestartPreventExitStatus is None"),
        ("TimeoutStopSec=60", "TimeoutStopSec=20", "TimeoutStopSec is not above SHUTDOWN_TIMEOUT (25 s)"),
        ("WatchdogSec=30", "WatchdogSec=1", "WatchdogSec is not some times"),
        ("WatchdogSec=30", "WatchdogSek=30", "Unknown key 'WatchdogSek'"),
        ("PrivateTmp=yes", "PrivateTmp=perhaps", "Failed to parse"),
        ("SystemCallFilter=@system-service\n", "SystemCallFilter=@no-such-group\n", "no-such-group"),
        ("/usr/bin/weir-ingest", "/usr/bin/no-such-program", "is not executable"),
        ("CapabilityBoundingSet=\n", "", "exposure level is"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    lines = found(TEXT.replace(old, new))
    assert any(problem in line for line in lines), lines
