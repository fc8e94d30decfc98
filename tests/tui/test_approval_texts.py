"""What waits, as text: nothing is hidden, and what is cut says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from meshbot_core.clients.approval_text import whole
from meshbot_core.session.records import Approval
from meshbot_tui.widgets.approvals.entries import Entry
from meshbot_tui.widgets.approvals.sheet import MAX_LINES, Line, laid_out, lines_of
from tests.tui.showing import NOW_MS, command, edit, question

WORDS = st.text("ab \u4e2d\U0001f600e\u0301.-", max_size=400)


@given(WORDS, st.integers(8, 60))
def test_rows_hold_every_character_and_fit(text: str, width: int):
    rows = laid_out([Line("command", text, "$ ")], width)

    assert "".join(row.text for row in rows) == text
    assert all(cell_len(row.gutter + row.text) <= width for row in rows)
    assert [row.gutter for row in rows] == ["$ ", *["╰ "] * (len(rows) - 1)]


def test_a_difference_has_marks_in_its_gutter():
    rows = laid_out(lines_of(Entry(edit())), 80)

    assert rows[0].text == "/src/app.py"
    assert [(row.kind, row.gutter) for row in rows if row.kind in ("added", "removed")] == [
        ("removed", "- "),
        ("added", "+ "),
        ("removed", "- "),
        ("added", "+ "),
    ]


def test_what_goes_on_in_a_next_row_is_no_line_of_a_difference():
    text = "x" * 40 + " +looks added"
    rows = laid_out([Line("said", text)], 44)

    assert [row.gutter for row in rows] == ["  ", "╰ "]


def test_a_name_with_a_line_break_makes_no_line_of_the_difference():
    shown = whole("Edit", {"file_path": "/a\n+b", "old_string": "x", "new_string": "y"})

    assert shown.split("\n")[0] == r"/a\x0a+b"


def test_an_edit_of_all_places_says_so():
    edits = [{"old_string": "x", "new_string": "y", "replace_all": True}]
    shown = whole("MultiEdit", {"file_path": "/a", "edits": edits})

    assert "everywhere" in shown


@pytest.mark.parametrize("waiting", [command("x\n" * 3000), question(text="x\n" * 3000)], ids=repr)
def test_what_is_too_long_says_how_much_is_left_out(waiting: Approval):
    lines = lines_of(Entry(waiting))

    assert len(lines) == MAX_LINES + 1
    assert (lines[-1].kind, "more characters" in lines[-1].text) == ("note", True)


@pytest.mark.parametrize(
    ("left_ms", "text"),
    [
        (3_599_000, "59 min left"),
        (119_000, "1 min left"),
        (59_999, "59 s left"),
        (1, "0 s left"),
        (0, "time is up"),
    ],
)
def test_time_left_is_told_in_minutes_then_seconds(left_ms: int, text: str):
    assert Entry(command(expires_at_ms=NOW_MS + left_ms)).left(NOW_MS) == text


def test_no_limit_has_no_time_left():
    assert Entry(edit()).left(NOW_MS) == ""
    assert "no time limit" in Entry(edit()).facts(NOW_MS)
