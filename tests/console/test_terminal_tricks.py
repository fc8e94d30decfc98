"""What terminals and people do to a console: stop it, resize it, cut what it is sent."""

import asyncio
import os
import signal

import pytest

from tests.console.terminal import console
from tests.support.waiting import until

pytestmark = pytest.mark.slow
NOBODY = "No agents on this machine yet"


async def test_it_is_stopped_with_the_terminal_as_it_was_and_goes_on(mesh_paths, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows(NOBODY)
        os.kill(terminal.pid, signal.SIGTSTP)
        await until(lambda: terminal.is_restored, 10)
        os.kill(terminal.pid, signal.SIGCONT)
        await until(lambda: not terminal.is_restored, 10)
        await terminal.shows(NOBODY, "default")
        terminal.press("h")
        await terminal.shows("Came and went")


async def test_a_storm_of_sizes_ends_in_a_picture_of_the_last(mesh_paths, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows(NOBODY)
        for number in range(60):
            await terminal.resize(2 + 37 * number % 150, 2 + 11 * number % 50)
        await terminal.resize(80, 24)
        await terminal.shows(NOBODY, "default", "Help")
        terminal.press("h")
        await terminal.shows("Came and went")
    assert "Traceback" not in terminal.received.decode(errors="replace")


async def test_a_mouse_report_that_comes_in_two_is_not_typed(mesh_paths, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows(NOBODY)
        terminal.press("c")
        await terminal.shows("esc Leave")
        terminal.press("hel")
        await terminal.shows("@hel")
        terminal.press(b"\x1b[<35;1")
        # Longer than anybody waits for the rest of a key.
        await asyncio.sleep(0.3)
        terminal.press(b"0;5M", "lo")
        await terminal.shows("@hello")
        assert "35;1" not in terminal.text
        assert "0;5M" not in terminal.text


async def test_what_is_no_text_ends_nothing(mesh_paths, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows(NOBODY)
        terminal.press("c")
        await terminal.shows("esc Leave")
        terminal.press(b"caf\xe9 \xff\xc3(", b"\xc3\xa9", b"\x1b[200~\xf0\x9f\x1b[201~", "!")
        await terminal.shows("@caf\ufffd \ufffd\ufffd(é\ufffd!")
        terminal.press(b"\x1b[27u", "h")
        await terminal.shows("Came and went")
        terminal.press("q")
        assert await terminal.ends() == 0
        assert terminal.is_restored
