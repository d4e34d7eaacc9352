"""checks/programs sees each protection that a program lacks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from checks import check

programs = check("programs")

SOURCE = """\
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char text[64];
    memset(text, 0, sizeof text);
    strcpy(text, argv[argc - 1]);
    return puts(text);
}
"""
HARDENED = "-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -pie -Wl,-z,relro,-z,now,-z,noexecstack"


def built(directory: Path, flags: str) -> Path:
    source, program = directory / "x.c", directory / "x"
    source.write_text(SOURCE)
    subprocess.run(["gcc", *flags.split(), "-o", program, source], check=True)
    return program


def test_nothing_is_wrong_with_all_of_them(tmp_path: Path) -> None:
    program = built(tmp_path, HARDENED)
    assert programs.hardening(program) == []
    assert programs.libraries(program) == {"libc.so.6"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("-fPIE -pie", "-no-pie", "is not position-independent"),
        ("-z,relro,-z,now", "-z,norelro", "its relocations stay writable"),
        ("-z,now", "-z,lazy", "its relocations stay writable"),
        ("noexecstack", "execstack", "its stack is executable"),
        ("-fstack-protector-strong", "-fno-stack-protector", "has no stack protector"),
        ("-D_FORTIFY_SOURCE=2", "-U_FORTIFY_SOURCE", "has no fortified calls"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in HARDENED
    assert problem in programs.hardening(built(tmp_path, HARDENED.replace(old, new)))
