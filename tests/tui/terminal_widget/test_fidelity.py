"""What the widget draws is what tmux has after the same bytes."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.waiting import until
from tests.tui.terminal_widget.looks import RECORDINGS, Cell, drawn_cells, tmux_cells
from tests.tui.terminal_widget.stage import on_stage

# These two were resized in mid-stream.
_NAMES = sorted({p.stem for p in RECORDINGS.glob("*.raw")} - {"alt_resize_120x40", "stream_120x40"})

_EMOJI_STYLE = "\ufe0f"
"""Claude Code counts two cells for what has it, as we do; tmux one, and the row is crooked."""

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


def _size(name: str) -> tuple[int, int]:
    columns, _, rows = name.rpartition("_")[2].partition("x")
    return int(columns), int(rows)


def _bytes(recording: Path) -> bytes:
    return recording.read_bytes()


def _write(recording: Path, data: bytes) -> None:
    recording.write_bytes(data)


def _still(cell: Cell) -> Cell:
    """Nothing blinks in the console: that is underlined there."""
    if "blink" not in cell.marks:
        return cell
    return cell._replace(marks=cell.marks - {"blink"} | {"underline"})


async def _compared(
    recording: Path, data: bytes, columns: int, rows: int, piece_bytes: int
) -> None:
    server = f"widget-{os.getpid()}-{recording.stem}"
    expected = await tmux_cells(server, columns, rows, recording)
    async with on_stage(columns, rows) as (app, pilot):
        for begin in range(0, len(data), piece_bytes):
            app.view.feed(data[begin : begin + piece_bytes])
        await until(lambda: not app.view.is_behind)
        await pilot.pause()
        drawn = drawn_cells(app.view)
        cursor = app.view.cursor
    for row, (ours, theirs) in enumerate(zip(drawn, expected, strict=True)):
        if cursor is not None and cursor[1] == row:
            column = cursor[0]
            ours[column] = ours[column]._replace(marks=ours[column].marks - {"underline"})
        if any(_EMOJI_STYLE in cell.text for cell in ours):
            continue
        theirs = [*map(_still, theirs), *[Cell(" ")] * (columns - len(theirs))]
        assert ours == theirs, f"row {row}"


@pytest.mark.slow
@needs_tmux
@pytest.mark.skipif(not _NAMES, reason="the recordings are not there")
@pytest.mark.parametrize("name", _NAMES)
async def test_a_recording_of_claude_code_looks_as_in_tmux(name: str):
    recording = RECORDINGS / f"{name}.raw"
    await _compared(recording, _bytes(recording), *_size(name), piece_bytes=777)


@pytest.mark.slow
@needs_tmux
async def test_colours_attributes_and_wide_characters_look_as_in_tmux(tmp_path: Path):
    looks = [f"\x1b[{code}m{code}\x1b[0m " for code in (*range(1, 6), 7, 9, *range(30, 38))]
    looks += [f"\x1b[{code}m{code}\x1b[0m " for code in (*range(40, 48), *range(90, 108))]
    looks += [f"\x1b[38;5;{n};48;5;{255 - n}m{n}\x1b[0m " for n in range(16, 256, 7)]
    looks += ["\x1b[38;2;1;2;3;48;2;250;200;150m", "rgb\x1b[7mreverse\x1b[0m"]
    looks += ["漢字 かな ｱ 각 é ü\r\n", "\x1b[41mfilled\x1b[0m\x1b[K\r\n", "┌─┐ ⏵ ✻ ●"]
    recording = tmp_path / "looks.raw"
    data = "".join(looks).encode()
    _write(recording, data)

    await _compared(recording, data, 60, 14, piece_bytes=50)
