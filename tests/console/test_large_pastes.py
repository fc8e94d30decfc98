"""A megabyte in the clipboard, pasted where a little was meant to go."""

import hashlib
from pathlib import Path

import pytest

from tests.console.asking import is_told
from tests.console.terminal import Terminal, console

pytestmark = pytest.mark.slow

BEGIN, END = "\x1b[200~", "\x1b[201~"
LEAVE = b"\x1d"
LARGE = "".join(
    f"{number:06} 漢字 é and so on, to the end of the line\r" for number in range(20_000)
)
LIMIT_S = 60.0


def words_for(data: str) -> str:
    raw = data.encode()
    return f"took {len(raw)} bytes {hashlib.sha256(raw).hexdigest()[:16]}"


async def pasted(terminal: Terminal, sign: Path) -> None:
    """Paste it into a program that takes nothing before ``sign`` is there."""
    await terminal.shows("Welcome to the stand-in")
    terminal.press("\r")
    await terminal.shows("keys go here")
    await terminal.types(f"take {sign}")
    await terminal.shows("ready")
    terminal.press(BEGIN + LARGE + END)
    lines = LARGE.count("\r")
    await terminal.shows(f"Paste {len(LARGE):,} characters, {lines:,} lines?", limit_s=LIMIT_S)


async def test_it_comes_to_the_program_byte_for_byte_while_keys_are_answered(dev, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await pasted(terminal, tmp_path / "go")
        await terminal.insists("y", against="Paste")
        terminal.press(LEAVE)
        await terminal.shows("enter: type here")
        terminal.press("h")
        await terminal.shows("Came and went")
        terminal.press("t")
        await terminal.shows("ready")
        (tmp_path / "go").touch()
        await terminal.shows(words_for(BEGIN + LARGE + END), limit_s=LIMIT_S)
        terminal.press("\r")
        await terminal.shows("keys go here")
        await terminal.types("well")
        await terminal.shows("heard: well")


async def test_nothing_of_it_comes_when_the_person_does_not_mean_it(dev, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await pasted(terminal, tmp_path / "go")
        await terminal.insists("n", against="Paste")
        (tmp_path / "go").touch()
        await terminal.shows("keys go here")
        terminal.press("x", b"\x04")
        await terminal.shows(words_for("x\x04"))


async def test_a_line_takes_none_of_it_says_so_and_goes_on(ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("c")
        await terminal.shows("@ops", "esc Leave")
        terminal.press("before", BEGIN + LARGE + END, " and behind")
        await terminal.shows("@ops before and behind", limit_s=LIMIT_S)
        await terminal.shows("Nothing was put in", f"{len(LARGE):,}", "100,000")
        terminal.press("\r")
        await is_told(ops, "before and behind")
        await terminal.hides("@ops before and behind")


async def test_what_a_line_takes_of_a_paste_it_takes_whole(ops, tmp_path) -> None:
    text = LARGE[:90_000].rpartition("\r")[0] + "\rthe end"
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("c")
        await terminal.shows("@ops", "esc Leave")
        terminal.press(BEGIN + text + "\r" + END)
        await terminal.shows("⏎the end", limit_s=LIMIT_S)
        terminal.press("!\r")
        await is_told(ops, text.replace("\r", "\n") + "!")
        await terminal.hides("⏎the end")
