"""Pastes: in brackets where the program wants them, asked about when they are large."""

import pytest
from textual import events

from meshbot_tui.widgets.terminal import TerminalView, pasting
from tests.tui.terminal_widget.stage import on_stage


@pytest.mark.parametrize(
    ("text", "is_questionable"),
    [
        ("a\nb\tc\r\n", False),
        ("x" * 5000, False),
        ("x" * 5001, True),
        ("\x1b[31m", True),
        ("\x03", True),
        ("\x9b1m", True),
        ("日本 é 👨‍👩‍👧", False),
    ],
)
def test_what_is_asked_about(text: str, is_questionable: bool):
    assert pasting.is_questionable(text) is is_questionable


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("x" * 6000, "Paste 6,000 characters, 1 line?"),
        ("one\rtwo\rthree\r", "Paste 14 characters, 3 lines?"),
        ("one\r\ntwo\nthree", "Paste 14 characters, 3 lines?"),
        ("\r", "Paste 1 characters, 1 line?"),
        ("a\x1b[31mb\x03\x1b", "Paste 9 characters, 1 line, with control characters (ESC, ^C)?"),
        (
            "\x00\x7f\x9b\x01",
            "Paste 4 characters, 1 line, with control characters (^@, DEL, \\x9b, ...)?",
        ),
    ],
)
def test_what_is_asked(text: str, asked: str):
    assert pasting.question(text) == asked


def test_nothing_within_ends_the_brackets():
    sent = pasting.sent_by("a\x1b[201~rm\r\nb\x9b201~\n", frozenset({2004}))
    assert sent == b"\x1b[200~a[201~rm\rb201~\r\x1b[201~"


async def test_a_paste_is_typed():
    async with on_stage(has_keys=True) as (app, pilot):
        app.post_message(events.Paste("one\ntwo"))
        await pilot.pause()
        assert app.typed == b"one\rtwo"

        app.view.feed(b"\x1b[?2004h")
        app.post_message(events.Paste("one\ntwo"))
        await pilot.pause()
        assert app.typed == b"\x1b[200~one\rtwo\x1b[201~"


async def test_a_large_paste_waits_for_a_yes():
    async with on_stage(has_keys=True) as (app, pilot):
        app.post_message(events.Paste("x" * 6000))
        await pilot.pause()
        assert app.typed == b""
        question = app.last(TerminalView.PasteQuestion)

        question.view.paste(question.text)
        await pilot.pause()
        assert app.typed == b"x" * 6000


async def test_without_the_keys_nothing_is_pasted():
    async with on_stage() as (app, pilot):
        app.view.focus()
        app.post_message(events.Paste("text"))
        await pilot.pause()
        assert app.posted == []
