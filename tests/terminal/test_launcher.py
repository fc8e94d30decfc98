"""What a program started does not outlive who started the program."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from meshbot_core.terminal import launcher
from tests.support.processes import is_gone
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="Linux only")]

_STARTER = """
import subprocess, time
from meshbot_core.terminal.launching import launched
program = [
    "sh", "-c",
    "setsid sleep 300 & echo $! > tool; "
    "setsid env -u MARK sleep 300 & echo $! > other; "
    "echo $$ > program; wait",
]
subprocess.run(launched(program, has_terminal=False, mark="MARK"), start_new_session=True)
time.sleep(300)
"""


class Family:
    """A process, the program that it started, and what that started."""

    def __init__(self, starter: int, folder: Path) -> None:
        self.starter = starter
        self.program, self.tool, self.other = (
            int((folder / name).read_text()) for name in ("program", "tool", "other")
        )
        self.mark = str(folder)

    @property
    def marked(self) -> set[int]:
        """Everybody who bears the mark: with the others, the guard that nobody knows of."""
        return {process.pid for process in psutil.process_iter() if self._bears(process)}

    def _bears(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("MARK") == self.mark
        except psutil.Error:
            return False


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _STARTER),
        cwd=tmp_path,
        env={**os.environ, "MARK": str(tmp_path)},
    )
    files = [tmp_path / name for name in ("tool", "other", "program")]
    await until(lambda: all(file.exists() and file.read_text() for file in files), 10)
    found = Family(starter.pid, tmp_path)
    try:
        yield found
    finally:
        for pid in (found.starter, found.program, found.tool, found.other):
            if not is_gone(pid):
                os.kill(pid, signal.SIGKILL)
        await starter.wait()


async def test_all_that_is_marked_ends_with_who_started_it_whatever_session_it_is_in(family):
    os.kill(family.starter, signal.SIGKILL)

    await until(lambda: is_gone(family.program) and is_gone(family.tool), 5)
    await until(lambda: not family.marked, 5)
    assert not is_gone(family.other)


async def test_a_program_is_started_where_no_guard_can_be_had():
    code = (
        "import os, runpy, sys; del os.pidfd_open; "
        "sys.argv = ['launcher', '--mark', 'MARK', '--', 'echo', 'started']; "
        f"runpy.run_path({str(Path(launcher.__file__))!r}, run_name='__main__')"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )

    assert await process.communicate() == (b"started\n", b"")


async def test_a_program_that_ends_leaves_no_guard_behind_and_takes_nothing_along(family):
    guards = family.marked - {family.starter, family.program, family.tool}
    assert len(guards) == 1

    os.kill(family.program, signal.SIGKILL)

    await until(lambda: family.marked == {family.starter, family.tool}, 5)
