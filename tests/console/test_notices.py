"""The bell and the desktop's notices, as the bytes of them that come out of the terminal."""

import os
import re
import signal
from pathlib import Path

import pytest

from meshbot_core.clients.text import plain
from meshbot_core.host.owner import owner_pid
from meshbot_core.host.session_client import SessionClient
from meshbot_core.session.records import SessionOptions
from tests.console.asking import asks, permission
from tests.console.terminal import Terminal, console
from tests.support.stand_in_claude import stand_in_claude, starts
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_COMMAND = re.compile(rb"\x1b\](.*?)(?:\x07|\x1b\\)", re.DOTALL)
TRICKS = "\x07\x1b\\;\x1b]9;owned\x07\x1b]777;notify;owned;owned\x07\x9d9;owned\x9c"


def notices(terminal: Terminal) -> list[str]:
    """What was told to the desktop, as terminals understand it that know OSC 9."""
    said = [words for words in _commands(terminal) if words[0] == "9"]
    # Terminals take what is behind one more semicolon for something else, or show nothing.
    assert all(len(words) == 2 for words in said)
    return [words[1] for words in said]


def _commands(terminal: Terminal) -> list[list[str]]:
    found = _COMMAND.findall(bytes(terminal.received))
    return [command.decode().split(";") for command in found]


async def tells(terminal: Terminal, *texts: str) -> None:
    """These notices were given and no others: with a bell, and once in each of the two ways."""

    def is_told() -> bool:
        titled = [words for words in _commands(terminal) if words[0] == "777"]
        bells = _COMMAND.sub(b"", bytes(terminal.received)).count(b"\x07")
        is_titled = titled == [["777", "notify", "meshbot", text] for text in texts]
        return is_titled and notices(terminal) == list(texts) and bells == len(texts)

    try:
        await until(is_told, 15)
    except TimeoutError:
        raise AssertionError(f"not {texts}, but {_commands(terminal)}") from None


async def is_answering(terminal: Terminal) -> None:
    """What was to be told by now has been: keys are answered behind it."""
    terminal.press("h")
    await terminal.shows("Came and went")
    terminal.press("t")
    await terminal.hides("Came and went")


async def test_who_begins_to_wait_for_an_answer_rings_once_and_again_when_it_waits_anew(
    ops, tmp_path
) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        await is_answering(terminal)
        assert notices(terminal) == []
        first = await asks(ops, f"red or blue? {TRICKS}")
        await tells(terminal, "ops waits for you")
        second = await asks(ops, "and how dark?")
        await terminal.shows("2 wait for you")
        await is_answering(terminal)
        await tells(terminal, "ops waits for you")
        for asked in (first, second):
            await ops.cancel_ask(asked)
        await terminal.shows("nobody waits for you")
        await asks(ops, "or green?")
        await tells(terminal, "ops waits for you", "ops waits for you")


async def test_a_permission_rings_whatever_is_to_be_permitted(dev, small_claude, tmp_path) -> None:
    (start,) = starts(small_claude)
    async with console(tmp_path) as terminal:
        await terminal.shows("Welcome to the stand-in", "dev")
        async with permission(start, f"touch it {TRICKS}") as answer:
            await terminal.shows("Waits for you", "touch it")
            await tells(terminal, "dev waits for you")
            await terminal.insists("y", against="Waits for you")
            assert b"allow" in await answer
        await terminal.shows("nobody waits for you")
        await is_answering(terminal)
        await tells(terminal, "dev waits for you")


async def test_what_waits_when_the_console_begins_is_told_once(
    dev, ops, small_claude, tmp_path
) -> None:
    (start,) = starts(small_claude)
    async with permission(start, "touch it"):
        await asks(ops, "red or blue?")
        for _ in range(2):
            await both_told_once(tmp_path)


async def both_told_once(folder: Path) -> None:
    async with console(folder) as terminal:
        await terminal.shows("2 wait for you", "Waits for you")
        await terminal.insists(b"\x1b[27u", against="Waits for you")
        await is_answering(terminal)
        told = notices(terminal)
        # They are found one after the other, or both in one look.
        assert ", ".join(told).count("dev") == ", ".join(told).count("ops") == 1
        await tells(terminal, *told)
        terminal.press("q")
        assert await terminal.ends() == 0


async def test_the_last_words_of_who_falls_start_no_command_of_the_terminals(
    ops, mesh_paths, tmp_path
) -> None:
    words = f"4;1;50 {TRICKS}"
    claude = stand_in_claude(tmp_path / "dying", at_start="exit 3", last_words=words)
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        options = SessionOptions(
            kind="headless", folder=str(tmp_path), claude=str(claude), restart="never",
            inherited=dict(os.environ),
        )  # fmt: skip
        await SessionClient(ops).start(options)
        await terminal.shows("crashed")
        reason = f"crashed: claude ended with status 3: {words}"
        await tells(terminal, f"ops: {plain(reason)[:80]}".replace(";", ","))


async def test_who_falls_is_told_in_words_that_no_terminal_cuts(dev, mesh_paths, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("Welcome to the stand-in")
        pid = owner_pid(mesh_paths.agent("dev"))
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await terminal.shows("gone")
        await tells(terminal, "dev: its host is gone, r brings it back")
