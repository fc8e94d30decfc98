"""What the widget draws is what tmux has after the same bytes."""

import pytest

from meshbot_core.terminal.screen import Screen
from tests.support.recordings import ALL, Recording
from tests.support.waiting import until
from tests.tui.terminal_widget.looks import Cell, cells_of, drawn_cells
from tests.tui.terminal_widget.stage import on_stage

_EMOJI_STYLE = "\ufe0f"
"""Claude Code counts two cells for what has it, as we do; tmux one, and the row is crooked."""
_PIECE_BYTES = 777


def _still(cell: Cell) -> Cell:
    """Nothing blinks in the console: that is underlined there."""
    if "blink" not in cell.marks:
        return cell
    return cell._replace(marks=cell.marks - {"blink"} | {"underline"})


@pytest.mark.parametrize("recording", ALL, ids=lambda recording: recording.name)
async def test_a_recording_looks_as_in_tmux_from_the_last_repaint_on(recording: Recording):
    kept = Screen(*recording.size)
    columns, rows = recording.parts[-1][0]
    async with on_stage(columns, rows) as (app, pilot):
        for size, data in recording.parts:
            # A host repaints all for who looks on when the size is another one.
            kept.resize(*size)
            app.view.repaint(*size, kept.repaint())
            for begin in range(0, len(data), _PIECE_BYTES):
                app.view.feed(data[begin : begin + _PIECE_BYTES])
            kept.feed(data)
        await until(lambda: not app.view.is_behind)
        await pilot.pause()
        drawn = drawn_cells(app.view)
        cursor = app.view.cursor
    expected = cells_of(recording.tmux.read_text("utf-8"))
    for row, (ours, theirs) in enumerate(zip(drawn, expected[:rows], strict=True)):
        if cursor is not None and cursor[1] == row:
            column = cursor[0]
            ours[column] = ours[column]._replace(marks=ours[column].marks - {"underline"})
        if any(_EMOJI_STYLE in cell.text for cell in ours):
            continue
        theirs = [*map(_still, theirs), *[Cell(" ")] * (columns - len(theirs))]
        assert ours == theirs, f"row {row}"


def test_there_are_recordings_of_both_screens_and_of_another_size_in_mid_stream():
    assert {recording.name.startswith("alt_") for recording in ALL} == {True, False}
    assert sum(len(recording.parts) == 2 for recording in ALL) == 2
