"""Running commands: inside this process, or as a process of its own."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from meshbot_core.cli.main import main


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs commands in this process and catches what they print."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        self.capsys.readouterr()
        umask = os.umask(0o022)
        os.umask(umask)
        try:
            status = main(words)
        finally:
            os.umask(umask)
        said = self.capsys.readouterr()
        return Ran(status, said.out, said.err)


def started(
    *words: str, stdin: int = subprocess.PIPE, **environment: str
) -> "subprocess.Popen[bytes]":
    """``meshbot`` with these words, as a process with pipes; the caller ends it."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "meshbot_core", *words],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def finished(*words: str, given: str = "", **environment: str) -> Ran:
    """``meshbot`` with these words, run to its end as a process."""
    with started(*words, **environment) as process:
        out, err = process.communicate(given.encode(), timeout=25)
    return Ran(process.returncode, out.decode(), err.decode())


async def meshbot(*words: str) -> asyncio.subprocess.Process:
    """``meshbot`` with these words, as a process that runs beside the test."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "meshbot_core", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
