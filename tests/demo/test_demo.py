"""The demonstration itself, played by stand-ins: what ``make demo`` shows without npm."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from meshbot_core.demo.printing import Printer

WORDS = (
    "a message",
    "an ask with its answer",
    "a broadcast",
    "a message to an agent that is down",
    "... that arrives when it is up",
    "a host killed with -9",
    "nothing missing, dev → prod-ops",
    "nothing missing, prod-ops → dev",
    "a message wakes an idle session",
    "a session answers another",
    "a daemon asks before it acts",
    "nothing missing, all of them",
    "nothing left behind",
)


async def started_demo(folder: Path) -> asyncio.subprocess.Process:
    environment = os.environ | {"MESHBOT_CACHE": str(folder / "none"), "TMPDIR": str(folder)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "meshbot_core.demo"),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )


@pytest.mark.slow
async def test_all_of_it_happens_and_nothing_is_left(tmp_path):
    process = await started_demo(tmp_path)
    output, _ = await process.communicate()
    lines = output.decode().splitlines()

    assert process.returncode == 0, output.decode()
    assert "stands in" in lines[0]
    told = {word for word in WORDS for line in lines if line.strip().startswith(f"ok    {word}")}
    assert told == set(WORDS)
    assert "\x1b" not in output.decode()
    assert not list(tmp_path.glob("meshbot-demo-*"))


@pytest.mark.slow
async def test_stopped_in_the_middle_it_leaves_nothing_either(tmp_path):
    process = await started_demo(tmp_path)
    async for line in process.stdout:
        if b"asks" in line:
            break
    [folder] = tmp_path.glob("meshbot-demo-*")
    process.terminate()
    output, _ = await process.communicate()

    assert process.returncode == 130
    assert output.endswith(b"Stopped.\n")
    assert not folder.exists()
    commands = [" ".join(found.info["cmdline"] or ()) for found in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if str(folder) in command]


class Terminal:
    """A terminal that remembers what was written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colour(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()

    Printer(terminal).message("dev", "ops", "ask", "Is it safe?")

    assert "\x1b[" in terminal.text
    assert "dev → ops" in terminal.text
    assert "Is it safe?" in terminal.text


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()

    Printer(terminal).heading("A message")
    Printer(terminal).check(False, "it", "did not happen")

    assert "\x1b" not in terminal.text
    assert "FAIL  it" in terminal.text
