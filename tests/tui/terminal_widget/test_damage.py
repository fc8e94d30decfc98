"""Damaged bytes never end the console, and the next repaint is right again."""

import random

import pytest

from tests.support.recordings import ALL
from tests.support.waiting import until
from tests.tui.terminal_widget.looks import drawn_cells
from tests.tui.terminal_widget.stage import on_stage

_SEEDS = [
    b"\x1b[31mred\x1b[0m \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 e\xcc\x81 \x1b]0;title\x07",
    b"\x1b[2J\x1b[?1049h\x1b[5;10r\x1b[10;20H\x1b[3L\x1b[2M\x1b[4P\x1b[@\x1b[7X\x1b[2S\x1b[T",
    b"\x1b[38;2;300;1;1m\x1b[48:2::1:2:3mx\x1b[4:3m\x1bP+q544e\x1b\\\x1b_G\x1b\\\x1b[999999999A",
]


def _seeds() -> list[bytes]:
    return [*_SEEDS, *(recording.path.read_bytes()[:6000] for recording in ALL)]


def _damaged(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(max(3, len(damaged) // 60)):
        at = chance.randrange(len(damaged))
        match chance.randrange(4):
            case 0:
                damaged[at] = chance.randrange(256)
            case 1:
                del damaged[at : at + chance.randrange(1, 9)]
            case 2:
                damaged[at:at] = chance.randbytes(chance.randrange(1, 5))
            case _:
                damaged[at:at] = chance.choice(_SEEDS)[: chance.randrange(1, 20)]
    return bytes(damaged)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_damaged_recordings_do_no_harm(seed: int):
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    async with on_stage(50, 14, has_keys=True) as (app, pilot):
        for data in _seeds():
            columns, rows = chance.randrange(2, 130), chance.randrange(1, 45)
            app.view.repaint(columns, rows, _damaged(data, chance))
            damaged = _damaged(data, chance)
            step = chance.randrange(1, 400)
            for begin in range(0, len(damaged), step):
                app.view.feed(damaged[begin : begin + step])
            app.view.scroll_back(3)
            app.view.action_copy_mode()
            for key in ("up", "space", "pageup", "y"):
                app.view.copy_mode_key(key)
            await until(lambda: not app.view.is_behind)
            assert all(len(row) == 50 for row in drawn_cells(app.view))
            app.posted.clear()

        app.view.repaint(50, 14, b"well again")
        await pilot.pause()
        assert app.shown()[0] == "well again"
