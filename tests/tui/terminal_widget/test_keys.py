"""What each key sends, and that the program gets every one of them."""

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from meshbot_tui.widgets.terminal import TerminalView, keys
from tests.tui.terminal_widget.stage import on_stage

_SENT = {
    "a": b"a",
    "A": b"A",
    "ä": "ä".encode(),
    "space": b" ",
    "enter": b"\r",
    "shift+enter": b"\x1b\r",
    "alt+enter": b"\x1b\r",
    "ctrl+enter": b"\x1b\r",
    "ctrl+j": b"\n",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "escape": b"\x1b",
    "backspace": b"\x7f",
    "ctrl+backspace": b"\x08",
    "alt+backspace": b"\x1b\x7f",
    "delete": b"\x1b[3~",
    "insert": b"\x1b[2~",
    "up": b"\x1b[A",
    "ctrl+left": b"\x1b[1;5D",
    "alt+right": b"\x1b[1;3C",
    "shift+up": b"\x1b[1;2A",
    "ctrl+shift+down": b"\x1b[1;6B",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "ctrl+pagedown": b"\x1b[6;5~",
    "f1": b"\x1bOP",
    "f4": b"\x1bOS",
    "f5": b"\x1b[15~",
    "f12": b"\x1b[24~",
    "shift+f5": b"\x1b[15;2~",
    "f13": b"\x1b[1;2P",
    "ctrl+f1": b"\x1b[1;5P",
    "ctrl+a": b"\x01",
    "ctrl+c": b"\x03",
    "ctrl+z": b"\x1a",
    "ctrl+shift+c": b"\x03",
    "ctrl+@": b"\x00",
    "ctrl+space": b"\x00",
    "ctrl+backslash": b"\x1c",
    "ctrl+circumflex_accent": b"\x1e",
    "ctrl+underscore": b"\x1f",
    "ctrl+slash": b"\x1f",
    "alt+b": b"\x1bb",
    "alt+shift+b": b"\x1bB",
    "ctrl+alt+d": b"\x1b\x04",
    "alt+full_stop": b"\x1b.",
    "left_shift": b"",
    "caps_lock": b"",
    "<ignore>": b"",
}


@pytest.mark.parametrize(("key", "expected"), _SENT.items(), ids=list(_SENT))
def test_a_key_sends_what_xterm_or_claude_code_knows(key: str, expected: bytes):
    character = key if len(key) == 1 else {"space": " ", "tab": "\t", "enter": "\r"}.get(key)
    assert keys.sent_by(key, character, has_application_cursor_keys=False) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("\x1ba", b"\x1ba"),
        ("\x1bA", b"\x1bA"),
        ("\x1b[13;2u", b"\x1b\r"),
        ("\x1b[97;5u", b"\x01"),
        ("\x1b[97;3u", b"\x1ba"),
        ("\x1b[97;4u", b"\x1bA"),
        ("\x1b[65;2;65u", b"A"),
        ("\x1b[46;3u", b"\x1b."),
        ("\x1b[27u", b"\x1b"),
        ("\x1b[9;2u", b"\x1b[Z"),
        ("\x1b[127;3u", b"\x1b\x7f"),
        ("\x1b[57441;2u", b""),
        ("\x1b[1;3A", b"\x1b[1;3A"),
        ("\x1b[Z", b"\x1b[Z"),
        ("\x00", b"\x00"),
        ("\x1f", b"\x1f"),
    ],
)
def test_bytes_of_a_real_terminal_arrive_as_the_same_key(raw: str, expected: bytes):
    parser = XTermParser()
    found = [event for event in (*parser.feed(raw), *parser.feed("")) if isinstance(event, Key)]

    sent = [
        keys.sent_by(event.key, event.character, has_application_cursor_keys=False)
        for event in found
    ]

    assert b"".join(sent) == expected


def test_escape_and_return_in_one_is_a_new_line_once_that_is_taught():
    keys.teach_alt_enter()

    [event] = XTermParser().feed("\x1b\r")

    assert isinstance(event, Key)
    assert keys.sent_by(event.key, event.character, has_application_cursor_keys=False) == b"\n"


async def test_application_cursor_keys_are_followed():
    async with on_stage(has_keys=True) as (app, pilot):
        app.view.feed(b"\x1b[?1h")
        await pilot.press("up", "home")
        assert app.typed == b"\x1bOA\x1bOH"

        app.view.feed(b"\x1b[?1l")
        await pilot.press("up")
        assert app.typed == b"\x1b[A"


async def test_while_the_program_has_the_keys_no_binding_sees_one():
    async with on_stage(has_keys=True) as (app, pilot):
        await pilot.press("ctrl+c", "ctrl+q", "ctrl+p", "ctrl+t", "tab", "f2", "x", "escape")

        assert app.typed == b"\x03\x11\x10\x14\t\x1bOQx\x1b"
        assert app.noted == []
        assert app.is_running


async def test_without_the_keys_they_are_the_consoles():
    async with on_stage() as (app, pilot):
        app.view.focus()
        await pilot.press("x", "f2", "ctrl+t")

        assert app.noted == ["x", "f2", "ctrl+t"]
        assert app.typed == b""


async def test_enter_enters_and_one_key_leaves():
    async with on_stage() as (app, pilot):
        app.view.focus()
        app.view.feed(b"\x1b[?1004h")
        await pilot.press("enter")
        assert app.view.has_keys
        assert app.last(TerminalView.Entered).view is app.view
        sized = app.last(TerminalView.Sized)
        assert (sized.columns, sized.rows) == (40, 10)
        assert app.typed == b"\x1b[I"

        await pilot.press("ctrl+right_square_bracket")
        assert not app.view.has_keys
        assert app.last(TerminalView.LeaveWanted).view is app.view
        assert app.typed == b"\x1b[O"


async def test_losing_the_focus_loses_the_keys_but_not_when_the_window_loses_it():
    async with on_stage(has_keys=True, has_input=True) as (app, pilot):
        app.view.feed(b"\x1b[?1004h")
        app.app_focus = False
        await pilot.pause()
        assert app.typed == b"\x1b[O"
        app.app_focus = True
        await pilot.pause()
        assert app.typed == b"\x1b[I"
        assert app.view.has_keys

        app.query_one("Input").focus()
        await pilot.pause()
        assert app.typed == b"\x1b[O"
        assert not app.view.has_keys


async def test_a_new_size_is_told_by_who_has_the_keys_alone():
    async with on_stage(has_keys=True) as (app, pilot):
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        sized = app.last(TerminalView.Sized)
        assert (sized.columns, sized.rows) == (50, 12)

        app.view.has_keys = False
        app.posted.clear()
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert app.posted == []


async def test_a_pane_of_a_grid_takes_neither_keys_nor_mouse():
    async with on_stage(is_live=False) as (app, pilot):
        app.view.feed(b"\x1b[?1003h\x1b[?1006h\x1b[c")
        await pilot.click(app.view)
        await pilot.press("enter", "a")

        assert not app.view.can_focus
        assert app.posted == []
