"""The console a tenth of a second away, each way, over a line of 20 kB a second."""

import asyncio

import pytest

from meshbot_core.host.client import HostClient
from tests.console.asking import asks, is_told, permission
from tests.console.slow_line import BYTES_PER_S, FarTerminal
from tests.console.terminal import Terminal, console
from tests.support.stand_in_claude import starts
from tests.support.waiting import until

pytestmark = pytest.mark.slow

LEAVE = b"\x1d"
ESCAPE = b"\x1b[27u"
CLEAR = b"\x15"
MAX_VIEW_BYTES = BYTES_PER_S
"""As much as comes in a second: a view of many colours, drawn once."""


async def is_done(terminal: Terminal) -> None:
    """Nothing is underway in either direction."""
    assert isinstance(terminal, FarTerminal)
    await until(lambda: terminal.is_quiet, 15)


async def test_what_is_typed_into_a_pane_comes_whole_and_once(dev, tmp_path) -> None:
    async with console(tmp_path, before=FarTerminal) as terminal:
        await terminal.shows("Welcome to the stand-in")
        terminal.press("\r")
        await terminal.shows("keys go here")
        terminal.press("the quick brown fox jumps over 漢字 and é\r", "at once\r", "and again\r")
        await terminal.shows("heard: and again")
        terminal.press(LEAVE)
        await terminal.shows("enter: type here")
        heard = [row for row in terminal.screen.text() if "heard: " in row]
        said = [row.partition("heard: ")[2].rstrip(" │") for row in heard]
        expected = ["the quick brown fox jumps over 漢字 and é", "at once", "and again"]
        assert said == expected
        terminal.press("q")
        assert await terminal.ends() == 0
        await until(lambda: terminal.is_restored, 5)


async def test_messages_that_are_written_in_one_go_come_in_order_and_once(ops, tmp_path) -> None:
    texts = [f"number {number} of the burst" for number in range(8)]
    async with console(tmp_path, before=FarTerminal) as terminal:
        await terminal.shows("ops", "listens")
        burst = "".join(f"@ops {text}\r" for text in texts)
        terminal.press(b"mc" + CLEAR + burst.encode() + b"\rh")
        await terminal.shows("Came and went")
        await is_told(ops, *texts)
        terminal.press("m")
        await terminal.shows("8 messages", *texts)
        assert terminal.text.count("number 3 of the burst") == 1


async def test_what_waits_is_answered(dev, ops, small_claude, tmp_path) -> None:
    (start,) = starts(small_claude)
    async with console(tmp_path, before=FarTerminal) as terminal:
        await terminal.shows("Welcome to the stand-in", "ops")
        async with permission(start, "touch it") as answer:
            await terminal.shows("Waits for you", "touch it")
            await terminal.insists("y", against="Waits for you")
            assert b"allow" in await answer
        await terminal.shows("nobody waits for you")
        asked = await asks(ops, "red or blue?")
        await terminal.shows("1 waits for you")
        terminal.press("a")
        await terminal.shows("red or blue?")
        await terminal.insists("e", on="enter sends")
        # What was typed too often stands in it by now.
        await is_done(terminal)
        terminal.press(CLEAR)
        await terminal.types("Blue, as the sea.")
        await terminal.shows("nobody waits for you")
        assert await answer_to(ops, asked) == "Blue, as the sea."


async def answer_to(client: HostClient, asked: str) -> str | None:
    result = await client.ask_state(asked, wait_s=10)
    return result.answer.text if result.answer is not None else None


async def test_a_sequence_that_the_line_cuts_in_two_is_one_key(ops, tmp_path) -> None:
    async with console(tmp_path, before=FarTerminal) as terminal:
        await terminal.shows("ops", "listens")
        terminal.press("c")
        await terminal.shows("@ops", "esc Leave")
        terminal.press("ad")
        await terminal.shows("@ops ad")
        for begun, rest in ((b"\x1b[", b"D"), (b"\x1b[1;", b"1D"), (b"\x1b[<35;1", b"0;5M")):
            terminal.press(begun)
            # Longer than a key of its own is waited for.
            await asyncio.sleep(0.3)
            terminal.press(rest)
        terminal.press("bc", b"\x1b[3~", "d\r")
        await is_told(ops, "bcdd")


async def test_another_view_is_there_within_a_second(dev, ops, tmp_path) -> None:
    for number in range(60):
        await ops.send(to="dev", message=f"message {number} of many, as long as they are")
    async with console(tmp_path, before=FarTerminal) as terminal:
        await terminal.shows("Welcome to the stand-in", "ops")
        await is_done(terminal)
        costs: dict[str, int] = {}
        for key, text in (
            ("m", "message 59 of many"), ("h", "Came and went"), ("p", "Nobody waits"),
            ("g", "pgdn Page"), ("m", "message 59 of many"), ("t", "enter: type here"),
        ):  # fmt: skip
            before = len(terminal.received)
            terminal.press(key)
            await terminal.shows(text)
            await is_done(terminal)
            costs[f"{len(costs)} {key}"] = len(terminal.received) - before
        assert max(costs.values()) < MAX_VIEW_BYTES, costs
