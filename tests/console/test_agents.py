"""Agents are started, stopped and looked after by keys and by name; a small claude stands in."""

import asyncio
import base64
import os
import signal
from pathlib import Path

import pytest

from meshbot_core.host.owner import owner_pid
from meshbot_core.host.spawn import host_answers
from tests.cli.conftest import hosts, small_claude
from tests.console.terminal import Terminal, console
from tests.support.stand_in_claude import starts
from tests.support.waiting import until

__all__ = ["hosts", "small_claude"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("hosts", "mesh_paths"),
]

PALETTE = b"\x10"


async def started(terminal: Terminal, name: str) -> None:
    """Start an interactive agent from the dialog."""
    terminal.press("n")
    await terminal.shows("Start an agent", "first prompt")
    await terminal.types(name)
    await terminal.shows(f'"{name}" runs (interactive')


async def by_name(terminal: Terminal, command: str) -> None:
    """Do what the palette has by this name."""
    terminal.press(PALETTE)
    await terminal.shows("Search for commands")
    await terminal.types(command)
    await terminal.hides("Search for commands")


async def test_an_agent_is_restarted_stopped_brought_back_and_forgotten_by_keys(
    small_claude: Path, tmp_path
):
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        await started(terminal, "web")
        terminal.press("r")
        await until(lambda: len(starts(small_claude)) == 2)
        terminal.press("s")
        await terminal.shows('Stop "web"?')
        await terminal.insists("y", against='Stop "web"?')
        await terminal.shows("web  · stopped")
        terminal.press("x")
        await terminal.shows('Forget "web"?')
        await terminal.insists("y", against='Forget "web"?')
        await terminal.shows("No agents on this machine yet")
        terminal.press("l")
        await terminal.shows('"web" is stopped', '"web" is forgotten')


async def test_what_the_keys_do_to_an_agent_is_done_by_name_too(small_claude: Path, tmp_path):
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        await started(terminal, "web")
        await by_name(terminal, "Restart")
        await until(lambda: len(starts(small_claude)) == 2)
        await by_name(terminal, "Grid")
        await terminal.shows("pgdn Page")
        await by_name(terminal, "Terminal")
        await terminal.hides("pgdn Page")
        await by_name(terminal, "Stop")
        await terminal.shows('Stop "web"?')
        await terminal.insists("y", against='Stop "web"?')
        await terminal.shows("web  · stopped")


async def test_a_host_that_is_killed_is_said_to_be_gone_and_brought_back_by_a_key(
    small_claude: Path, mesh_paths, tmp_path
):
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        await started(terminal, "web")
        pid = owner_pid(mesh_paths.agent("web"))
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await terminal.shows("gone", "its host is gone; r brings")
        await until(lambda: not host_answers(mesh_paths.agent("web")))
        terminal.press("r")
        await terminal.hides("its host is gone")
        await terminal.shows("Welcome to the stand-in")
    assert len(starts(small_claude)) == 2


async def test_a_fleet_file_is_brought_up_and_down(small_claude: Path, tmp_path):
    (tmp_path / "fleet.toml").write_text(
        '[agents.api]\nfolder = "."\n\n[agents.ops]\nfolder = "."\ndaemon = true\n'
    )
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        terminal.press("f")
        await terminal.shows("Fleet file", "fleet.toml")
        terminal.press("\r")
        await terminal.shows("api", "ops", "headless")
        await until(lambda: len(starts(small_claude)) == 2)
        terminal.press("f")
        await terminal.shows("Fleet file", "fleet.toml")
        terminal.press(b"\x04")
        await terminal.shows("api                      stopped", "ops                      stopped")


async def test_what_is_marked_by_mouse_goes_to_the_terminals_clipboard(
    small_claude: Path, tmp_path
):
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        await started(terminal, "web")
        terminal.press("\r")
        await terminal.shows("keys go here")
        await terminal.types("sing")
        await terminal.shows("heard: sing")
        [(row, column)] = [
            (row, text.index("heard: sing"))
            for row, text in enumerate(terminal.screen.text(), 1)
            if "heard: sing" in text
        ]
        del terminal.received[:]
        first, last = column + 1, column + len("heard: sing")
        terminal.press(f"\x1b[<0;{first};{row}M\x1b[<32;{last};{row}M\x1b[<0;{last};{row}m")
        copied = base64.b64encode(b"heard: sing")
        await until(lambda: b"\x1b]52;c;" + copied in terminal.received)


async def test_what_is_typed_on_when_the_pane_closes_is_no_command(small_claude: Path, tmp_path):
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        await started(terminal, "web")
        terminal.press("\r")
        await terminal.shows("keys go here")
        await terminal.types("exit 0")
        while "the pane you typed in" not in terminal.text:
            terminal.press("n")
            await asyncio.sleep(0.05)
        # A new agent, a stop and the health of all, if they were the console's.
        for key in "never such words":
            terminal.press(key)
            await asyncio.sleep(0.05)
        await terminal.insists("h", on="Came and went")
        assert "Start an agent" not in terminal.text
        assert len(starts(small_claude)) == 1
