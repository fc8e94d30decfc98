"""What is written sparingly looks as if all of it had been written."""

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from meshbot_core.terminal.screen import Screen
from meshbot_tui.app.lean import Shown

WIDTHS = (7, 20, 13)
COLUMNS, ROWS = sum(WIDTHS), 4
CUTS = [0, *accumulate(WIDTHS)]
CONSOLE = Console(color_system="truecolor", force_terminal=True)
GLYPHS = st.sampled_from([*"ab   ", "│", "日", "é", "e\u0301", "👩\u200d💻", "🇪🇺", "🚀"])
STYLES = st.sampled_from(
    [
        None,
        Style(),
        Style(color="#d0d0d0", bgcolor="#0c0c0c"),
        Style(color="red", bgcolor="#0c0c0c", bold=True),
        Style(bgcolor="#303030", dim=True),
        Style(bold=True, dim=True, italic=True),
        Style(underline=True, bgcolor="blue"),
        Style(reverse=True, strike=True, meta={"@click": "somewhere"}),
    ]
)


@st.composite
def strips(draw: st.DrawFn, width: int) -> Strip:
    """A part of a row, of a few pieces."""
    pieces = draw(st.lists(st.tuples(st.lists(GLYPHS, max_size=12), STYLES), max_size=4))
    segments = [Segment("".join(glyphs), style) for glyphs, style in pieces]
    return Strip(segments).adjust_cell_length(width, draw(STYLES) or Style())


@st.composite
def updates(draw: st.DrawFn) -> tuple[str, object]:
    """A row that is drawn anew in parts, or the whole screen."""
    if draw(st.integers(0, 9)) == 0:
        return "all", [[draw(strips(width)) for width in WIDTHS] for _ in range(ROWS)]
    row = draw(st.integers(0, ROWS - 1))
    is_whole = draw(st.booleans())
    parts = [draw(strips(COLUMNS))] if is_whole else [draw(strips(width)) for width in WIDTHS]
    chosen = draw(st.sets(st.integers(0, len(parts) - 1), min_size=1))
    return "row", (row, parts, chosen)


def textual_update(kind: str, what: object) -> object:
    """As the compositor makes it."""
    if kind == "all":
        return LayoutUpdate([list(line) for line in what], Region(0, 0, COLUMNS, ROWS))
    row, parts, chosen = what
    cuts = [0, COLUMNS] if len(parts) == 1 else CUTS
    chops = [dict.fromkeys(cuts[:-1]) for _ in range(ROWS)]
    for place in chosen:
        chops[row][cuts[place]] = parts[place]
    spans = [(row, cuts[place], cuts[place + 1]) for place in sorted(chosen)]
    return ChopsUpdate(chops, spans, [cuts[1:]] * ROWS)


@pytest.mark.parametrize("may_erase", [True, False])
@settings(max_examples=30)
@given(drawn=st.lists(updates(), max_size=8))
def test_whatever_is_drawn_looks_as_if_all_of_it_had_been_written(drawn, may_erase):
    plain, sparing = Screen(COLUMNS, ROWS), Screen(COLUMNS, ROWS)
    shown = Shown(may_erase=may_erase)

    for kind, what in drawn:
        plain.feed(textual_update(kind, what).render_segments(CONSOLE).encode())
        lean = shown.lean(textual_update(kind, what), ColorSystem.TRUECOLOR)
        sparing.feed(lean.render_segments(CONSOLE).encode())

        assert sparing.text() == plain.text()
        assert cells(sparing) == cells(plain)


def cells(screen: Screen) -> list[list[tuple[str, object]]]:
    """Characters and looks, blanks without what is not seen of them."""
    return [
        [(character, run.style) for run in row for character in run.text] for row in screen.view()
    ]


def row_of(*pieces: tuple[str, Style]) -> object:
    strip = Strip([Segment(text, style) for text, style in pieces])
    return ChopsUpdate([{0: strip}], [(0, 0, strip.cell_length)], [[strip.cell_length]])


GREY = Style(color="#d0d0d0", bgcolor="#0c0c0c")
GREEN = Style(color="#50fa7b", bgcolor="#0c0c0c")


def written(shown: Shown, *pieces: tuple[str, Style]) -> str:
    return shown.lean(row_of(*pieces), ColorSystem.TRUECOLOR).render_segments(CONSOLE)


def test_what_stands_there_already_is_not_written_again():
    shown = Shown()
    written(shown, ("a line of text " * 8, GREY))

    assert written(shown, ("a line of text " * 8, GREY)) == ""


def test_a_spinner_costs_its_own_cell_and_its_colour():
    shown = Shown(may_erase=True)
    written(shown, ("⠋", GREEN), (" working on it", GREY), (" " * 100, GREY))

    again = written(shown, ("⠙", GREEN), (" working on it", GREY), (" " * 100, GREY))
    assert again == "\x1b[1;1H\x1b[38;2;80;250;123;48;2;12;12;12m⠙\x1b[m"


def test_a_line_that_became_blank_is_erased_where_that_keeps_the_background():
    for may_erase, length in ((True, 50), (False, 165)):
        shown = Shown(may_erase=may_erase)
        written(shown, ("x" * 120, GREY))
        assert len(written(shown, (" " * 120, GREY))) < length
    underlined = Style(underline=True)
    shown = Shown(may_erase=True)
    written(shown, ("x" * 20, underlined))
    assert " " * 20 in written(shown, (" " * 20, underlined))


def test_what_is_forgotten_is_written_again():
    shown = Shown()
    first = written(shown, ("text", GREY))
    shown.forget()

    assert written(shown, ("text", GREY)) == first


def test_the_whole_screen_is_written_but_for_what_was_written_just_now():
    now_s = [100.0]
    shown = Shown(now_s=lambda: now_s[0])
    left, right = Strip([Segment("agents ", GREY)]), Strip([Segment("messages", GREEN)])
    whole = [[left, right]]

    def layout() -> str:
        update = LayoutUpdate([list(line) for line in whole], Region(0, 0, 15, 1))
        return shown.lean(update, ColorSystem.TRUECOLOR).render_segments(CONSOLE)

    first = layout()
    assert "agents " in first
    assert "messages" in first
    now_s[0] += 10
    assert layout() == first
    now_s[0] += 10
    whole[0][1] = right = Strip([Segment("health  ", GREEN)])
    shown.lean(ChopsUpdate([{0: None, 7: right}], [(0, 7, 15)], [[7, 15]]), ColorSystem.TRUECOLOR)
    again = layout()
    assert "agents " in again
    assert "health" not in again
    shown.forget()
    assert "health" in layout()
