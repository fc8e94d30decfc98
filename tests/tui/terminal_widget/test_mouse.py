"""The mouse: the program's when it took it, ours with shift; else selection and scrollback."""

import pytest
from textual import events
from textual.pilot import Pilot

from meshbot_tui.widgets.terminal import TerminalView
from meshbot_tui.widgets.terminal.mouse import Mouse, sent_by
from tests.tui.terminal_widget.stage import Stage, on_stage

_SGR = frozenset({1000, 1006})


@pytest.mark.parametrize(
    ("said", "modes", "expected"),
    [
        (Mouse("press", 1, 4, 2), _SGR, b"\x1b[<0;5;3M"),
        (Mouse("release", 1, 4, 2), _SGR, b"\x1b[<0;5;3m"),
        (Mouse("press", 3, 0, 0), _SGR, b"\x1b[<2;1;1M"),
        (Mouse("press", 1, 0, 0, has_ctrl=True, has_meta=True), _SGR, b"\x1b[<24;1;1M"),
        (Mouse("wheel", 0, 4, 2), _SGR, b"\x1b[<64;5;3M"),
        (Mouse("wheel", 1, 4, 2), _SGR, b"\x1b[<65;5;3M"),
        (Mouse("move", 1, 4, 2), _SGR, b""),
        (Mouse("move", 1, 4, 2), frozenset({1002, 1006}), b"\x1b[<32;5;3M"),
        (Mouse("move", 0, 4, 2), frozenset({1002, 1006}), b""),
        (Mouse("move", 0, 4, 2), frozenset({1003, 1006}), b"\x1b[<35;5;3M"),
        (Mouse("press", 1, 4, 2), frozenset({1000}), b"\x1b[M %#"),
        (Mouse("release", 1, 4, 2), frozenset({1000}), b"\x1b[M#%#"),
        (Mouse("press", 1, 300, 2), frozenset({1000}), b""),
        (Mouse("press", 1, 4, 2), frozenset({1006}), b""),
    ],
)
def test_what_the_mouse_sends(said: Mouse, modes: frozenset[int], expected: bytes):
    assert sent_by(said, modes) == expected


async def _wheel(app: Stage, pilot: Pilot[None], *, is_up: bool, shift: bool = False) -> None:
    kind = events.MouseScrollUp if is_up else events.MouseScrollDown
    app.post_message(kind(None, 3, 2, 0, 0, 0, shift, False, False, screen_x=3, screen_y=2))
    await pilot.pause()


async def test_the_program_that_took_the_mouse_gets_clicks_and_the_wheel():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed(b"\x1b[?1000;1002;1003;1006h")
        await pilot.mouse_down(app.view, offset=(3, 2))
        await pilot.hover(app.view, offset=(4, 2))
        await pilot.mouse_up(app.view, offset=(4, 2))
        await _wheel(app, pilot, is_up=True)

        typed = app.typed
        assert b"\x1b[<0;4;3M" in typed
        assert b"\x1b[<32;5;3M" in typed
        assert b"\x1b[<0;5;3m" in typed
        assert typed.endswith(b"\x1b[<64;4;3M")


async def test_the_click_that_enters_is_not_the_programs():
    async with on_stage() as (app, pilot):
        app.view.feed(b"\x1b[?1000;1006h")
        await pilot.click(app.view, offset=(3, 2))

        assert app.view.has_keys
        assert app.last(TerminalView.Entered)
        assert app.typed == b""


async def test_shift_makes_the_mouse_ours():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed(b"one two\x1b[?1000;1002;1006h")
        await pilot.mouse_down(app.view, offset=(4, 0), shift=True)
        await pilot.hover(app.view, offset=(6, 0))
        await pilot.mouse_up(app.view, offset=(6, 0), shift=True)
        await _wheel(app, pilot, is_up=True, shift=True)

        assert app.last(TerminalView.Copied).text == "two"
        assert app.last(TerminalView.ScrollbackWanted).before is None
        assert app.typed == b""


async def test_a_drag_selects_and_copies():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed("erste Zeile  \r\nzweite 漢字\r\ndritte".encode())
        await pilot.mouse_down(app.view, offset=(6, 0))
        await pilot.hover(app.view, offset=(8, 1))
        assert "reverse" in str(list(app.view.render_line(0))[-1].style)
        await pilot.mouse_up(app.view, offset=(8, 1))

        assert app.last(TerminalView.Copied).text == "Zeile\nzweite 漢"


async def test_a_selection_goes_when_its_text_changes_and_moves_when_it_scrolls():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed(b"\r\none two\r\nthree")
        await pilot.double_click(app.view, offset=(5, 1))
        assert app.last(TerminalView.Copied).text == "two"

        app.view.feed(b"\x1b[?25l\x1b[10;1H\nmore\x1b[1;1H")
        await pilot.pause()
        assert app.shown()[0] == "one two"
        assert app.view.selected_text == "two"
        app.view.feed(b"x")
        await pilot.pause()

        app.view.repaint(40, 10, b"one two")
        await pilot.double_click(app.view, offset=(5, 0))
        app.view.feed(b"\x1b[1;1Hanother")
        await pilot.pause()
        assert app.view.selected_text == ""


async def test_two_clicks_copy_a_word_three_a_line():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed(b"see /srv/some-file.txt: there")
        await pilot.double_click(app.view, offset=(8, 0))
        assert app.last(TerminalView.Copied).text == "/srv/some-file.txt:"
        await pilot.triple_click(app.view, offset=(8, 0))
        assert app.last(TerminalView.Copied).text == "see /srv/some-file.txt: there"


async def test_the_wheel_is_arrows_on_a_screen_without_scrollback():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed(b"\x1b[?1049h")
        await _wheel(app, pilot, is_up=False)
        assert app.typed == b"\x1b[B" * 3
