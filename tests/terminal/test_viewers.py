"""Several who watch one screen, and who does not keep up."""

import asyncio
from dataclasses import dataclass, field

import pytest

from meshbot_core.terminal.frames import Ended, Output, Repaint
from meshbot_core.terminal.screen import Screen
from meshbot_core.terminal.viewers import Viewer, Viewers

MIB = 1024 * 1024
ASKS = b"\x1b[c"
"""What are you? A program waits for the answer."""


@dataclass
class Program:
    """What reached the program."""

    typed: bytes = b""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    viewers: Viewers = field(init=False)

    def __post_init__(self) -> None:
        self.viewers = Viewers(
            80,
            24,
            write=self._written,
            resized=lambda *size: self.sizes.append(size),
            titled=lambda title: None,
        )

    def _written(self, data: bytes) -> None:
        self.typed += data

    async def next(self, viewer: Viewer) -> object:
        async with asyncio.timeout(2):
            return await viewer.next(self.viewers.repaint)


@pytest.fixture
def program() -> Program:
    return Program()


def shown(frame: object) -> str:
    """What stands on a fresh terminal after a repaint."""
    assert isinstance(frame, Repaint)
    screen = Screen(frame.columns, frame.rows)
    screen.feed(frame.data)
    return "\n".join(screen.text()).strip()


async def test_who_comes_late_sees_the_screen_as_it_is_and_then_what_is_written(program):
    program.viewers.feed(b"before")
    with program.viewers.watching(80, 24) as viewer:
        assert shown(await program.next(viewer)) == "before"
        program.viewers.feed(b" after")

        assert await program.next(viewer) == Output(b" after")


async def test_who_does_not_read_costs_a_mebibyte_and_gets_a_repaint(program):
    with program.viewers.watching(80, 24) as viewer:
        await program.next(viewer)
        for _ in range(4 * MIB // 65536):
            program.viewers.feed(b"x" * 65536)
            assert sum(len(each.data) for each in viewer._frames) <= MIB
        program.viewers.feed(b"\x1b[2J\x1b[Hthe end")

        assert shown(await program.next(viewer)) == "the end"
        program.viewers.feed(b"!")
        assert await program.next(viewer) == Output(b"!")


async def test_a_resize_takes_the_place_of_all_that_waited(program):
    with program.viewers.watching(80, 24) as viewer, program.viewers.watching(80, 24) as other:
        for each in (viewer, other):
            await program.next(each)
        program.viewers.feed(b"for 80 columns")
        for columns in range(40, 140):
            program.viewers.typed(viewer, b"")
            program.viewers.resize(viewer, columns, 30)
        program.viewers.feed(b"\x1b[2J\x1b[Hfor another size")

        frame = await program.next(other)
        assert shown(frame) == "for another size"
        assert (frame.columns, frame.rows) == (40, 30)
        assert not other._frames


async def test_the_end_is_told_after_the_last_screen_also_to_who_comes_late(program):
    with program.viewers.watching(80, 24) as viewer:
        program.viewers.feed(b"last words")
        program.viewers.end(3, "it crashed")
        assert shown(await program.next(viewer)) == "last words"
        assert await program.next(viewer) == Ended(3, "it crashed")
    with program.viewers.watching(80, 24) as late:
        await program.next(late)
        assert await program.next(late) == Ended(3, "it crashed")


async def test_questions_of_the_program_are_answered_when_no_terminal_does(program):
    program.viewers.feed(ASKS)
    assert program.typed.startswith(b"\x1b[?")

    with program.viewers.watching(80, 24, is_onlooker=True):
        program.typed = b""
        program.viewers.feed(ASKS)
        assert program.typed.startswith(b"\x1b[?")
        with program.viewers.watching(80, 24):
            program.typed = b""
            program.viewers.feed(ASKS)
            assert program.typed == b""


@pytest.mark.parametrize("size", [(1, 1), (1000, 500), (5000, 5000), (0, 0)])
async def test_sizes_that_no_screen_has_become_the_nearest_that_one_has(program, size):
    with program.viewers.watching(*size) as viewer:
        program.viewers.feed(b"x" * 3000 + b"\r\n\xe6\x97\xa5")
        frame = await program.next(viewer)

    assert isinstance(frame, Repaint)
    columns, rows = frame.columns, frame.rows
    assert (min(max(size[0], 2), 1000), min(max(size[1], 1), 1000)) == (columns, rows)
    Screen(columns, rows).feed(frame.data)
