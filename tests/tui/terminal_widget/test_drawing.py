"""Cursor, sizes that differ, notices, colours the terminal lacks, and what is drawn when."""

import pytest
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from meshbot_core.terminal.screen import Screen
from meshbot_tui.widgets.terminal import TerminalView, pacing
from tests.support.recordings import Recording
from tests.support.waiting import until
from tests.tui.terminal_widget.looks import drawn_cells
from tests.tui.terminal_widget.stage import Stage, on_stage


def _style_at(app: Stage, column: int, row: int) -> Style:
    [segment] = app.view.render_line(row).crop(column, column + 1)
    assert segment.style is not None
    return segment.style


async def test_the_cursor_is_full_where_the_keys_are_and_gone_when_hidden():
    async with on_stage() as (app, pilot):
        app.view.feed("ab漢\x1b[1;3H".encode())
        assert _style_at(app, 2, 0).underline
        assert not _style_at(app, 2, 0).reverse

        app.view.enter()
        await pilot.pause()
        assert [segment.text for segment in app.view.render_line(0)][:2] == ["ab", "漢"]
        assert app.view.render_line(0)._segments[1].style.reverse

        app.view.feed(b"\x1b[?25l")
        await pilot.pause(0.05)
        assert not any(s.style and s.style.reverse for s in app.view.render_line(0))


async def test_a_smaller_screen_is_marked_off():
    async with on_stage(20, 4) as (app, _):
        app.view.repaint(10, 3, b"0123456789second")
        assert app.shown() == [
            "0123456789" + "·" * 10,
            "second    " + "·" * 10,
            " " * 10 + "·" * 10,
            "·" * 20,
        ]


async def test_of_a_larger_screen_the_lower_left_is_shown_with_the_cursor_in_it():
    async with on_stage(20, 4) as (app, pilot):
        rows = "\r\n".join(f"{row} " + "abcdefghij" * 4 for row in range(8))
        app.view.repaint(60, 8, rows.encode() + b"\x1b[8;1H")
        assert [line[:3] for line in app.shown()] == ["4 a", "5 a", "6 a", "7 a"]

        app.view.feed(b"\x1b[2;1H")
        await pilot.pause(0.05)
        assert [line[:3] for line in app.shown()] == ["1 a", "2 a", "3 a", "4 a"]
        app.view.feed(b"\x1b[8;31H")
        await pilot.pause(0.05)
        assert app.shown()[3].endswith("abcdefghi")
        assert not app.shown()[3].startswith("7")


async def test_a_notice_stands_over_the_last_row_until_the_next_repaint():
    async with on_stage(40, 4) as (app, _):
        app.view.feed(b"text")
        app.view.show_notice("the host is gone; looking for [b]it[/b]")
        assert app.shown()[0] == "text"
        assert app.shown()[3] == " the host is gone; looking for [b]it[/b]"[:40]

        app.view.repaint(40, 4, b"again")
        assert app.shown() == ["again", "", "", ""]


async def test_title_and_bell():
    async with on_stage() as (app, pilot):
        app.view.feed(b"\x1b]0;\xe2\x9c\xb3 at work\x07\x07")
        await pilot.pause()
        assert app.view.title == "✳ at work"
        assert app.last(TerminalView.Rang).view is app.view


async def test_what_the_program_asks_its_terminal_is_the_hosts_to_answer():
    async with on_stage() as (app, pilot):
        app.view.feed(b"\x1b[c")
        await pilot.pause()
        assert app.typed == b""


async def test_characters_of_several_code_points_keep_their_columns():
    async with on_stage(30, 3) as (app, _):
        text = "e\u0301|👨\u200d👩\u200d👧|🇩🇪|❤\ufe0f|1\ufe0f\u20e3|👍🏽|漢|a\u200b|"
        for byte in text.encode():
            app.view.feed(bytes([byte]))
        await until(lambda: not app.view.is_behind)

        strip = app.view.render_line(0)
        assert strip.cell_length == 30
        columns = app.view._picture.columns_of(0)
        bars = [at for at, glyph in enumerate(columns) if glyph == "|"]
        assert bars == [1, 4, 7, 10, 13, 16, 19, 21]
        assert "👨\u200d👩\u200d👧" in strip.text
        assert "é" in strip.text


async def test_only_what_changed_is_drawn_again(monkeypatch: pytest.MonkeyPatch):
    async with on_stage(80, 24) as (app, pilot):
        app.view.feed(b"\x1b[?25l")
        await pilot.pause(0.05)
        drawn: list[int] = []
        render_line = app.view.render_line

        def noted(y: int) -> Strip:
            drawn.append(y)
            return render_line(y)

        monkeypatch.setattr(app.view, "render_line", noted)
        app.view.feed(b"\x1b[5;1Hchanged\x1b[9;1Hthis too")
        await pilot.pause(0.05)
        assert sorted(set(drawn)) == [4, 8]


@pytest.mark.parametrize("name", ["alt_menus_100x30", "menus_100x30", "markdown_80x24"])
async def test_what_is_kept_from_before_is_what_would_be_drawn_anew(name: str):
    (((columns, rows), data),) = Recording(name).parts
    async with on_stage(columns, rows) as (app, _):
        kept = Screen(columns, rows)
        for begin in range(0, len(data), 400):
            app.view._picture.feed(data[begin : begin + 400])
            kept.feed(data[begin : begin + 400])
            drawn = ["".join(cell.text for cell in row).rstrip() for row in drawn_cells(app.view)]
            assert drawn == list(kept.text())


async def test_a_frame_that_the_program_holds_together_is_drawn_in_one(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(pacing, "_MAX_HELD_S", 60)
    async with on_stage() as (app, pilot):
        app.view.feed(b"\x1b[?2026h\x1b[5;1Hhalf")
        await pilot.pause()
        assert app.view.is_behind
        app.view.feed(b" and half\x1b[?2026l")
        await until(lambda: not app.view.is_behind)
        assert app.shown()[4] == "half and half"


async def test_a_program_that_never_ends_its_frame_is_drawn_all_the_same():
    async with on_stage() as (app, pilot):
        app.view.feed(b"\x1b[?2026hhalf")
        await until(lambda: not app.view.is_behind, 2)
        await pilot.pause(0.05)
        assert "half" in app.export_screenshot()


async def test_without_colours_the_marks_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage() as (app, pilot):
        app.view.feed(b"\x1b[1;31mred\x1b[0m \x1b[7mreverse\x1b[0m \x1b[4;44munder\x1b[0m")
        await pilot.pause(0.05)
        segments = [
            segment
            for strip in app.screen._compositor.render_strips()[:1]
            for segment in strip
            if segment.text.strip()
        ]
        styles = {segment.text.strip(): segment.style for segment in segments}
        assert styles["red"].bold
        assert styles["reverse"].reverse
        assert styles["under"].underline
        for style in styles.values():
            for color in (style.color, style.bgcolor):
                assert color is None or color.triplet is None or len(set(color.triplet)) == 1


async def test_other_colours_of_the_console_are_followed():
    async with on_stage() as (app, pilot):
        app.view.feed(b"text")
        app.view.styles.background = "#123456"
        await pilot.pause()
        assert _style_at(app, 1, 0).bgcolor == Color.parse("#123456")
