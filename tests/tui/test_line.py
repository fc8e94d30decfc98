"""What is pasted into a line stands in it whole, or not at all."""

import pytest
from textual import events
from textual.app import ComposeResult

from meshbot_tui.widgets.line import Line, ProseLine
from tests.tui.showing import Showing, text_of


class Lines(Showing):
    """One line for words, one for prose."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.prose = Line(), ProseLine()
        self.refused: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield self.words
        yield self.prose

    def on_line_too_long(self, event: Line.TooLong) -> None:
        self.refused.append((event.chars, event.most))


async def pasted(text: str, *, before: str = "") -> tuple[Lines, str]:
    """What stands on the screen after a paste into both of them."""
    app = Lines()
    async with app.run_test(size=(80, 12)) as pilot:
        for line in (app.words, app.prose):
            line.value = before
            line.cursor_position = len(before)
            line.post_message(events.Paste(text))
        await pilot.pause()
        return app, text_of(app)


async def test_lines_become_one_and_are_several_again_where_they_are_read():
    app, shown = await pasted("one\r\ntwo\r\rfour\n", before="> ")
    assert app.words.value == "> one two  four"
    assert app.prose.value == "> one⏎two⏎⏎four"
    assert app.prose.text == "> one\ntwo\n\nfour"
    assert "> one⏎two⏎⏎four" in shown


async def test_what_would_steer_the_terminal_is_spelled_out():
    app, shown = await pasted("a\x1b]0;b\x07\x9b31mc\td")
    assert app.words.value == "a\\x1b]0;b\\x07\\x9b31mc\td"
    assert "\x1b" not in shown


@pytest.mark.parametrize("before", ["", "x" * 9_999])
async def test_what_is_too_long_is_not_put_in_and_said_to_be(before: str):
    text = "y" * 100_001
    app, _ = await pasted(text, before=before)
    assert (app.words.value, app.prose.value) == (before, before)
    assert app.refused == [(100_001, 10_000), (100_001, 100_000)]


async def test_what_is_marked_makes_room_for_what_is_pasted():
    app = Lines()
    async with app.run_test() as pilot:
        app.words.value = "x" * 10_000
        app.words.select_all()
        app.words.post_message(events.Paste("y" * 10_000))
        await pilot.pause()
        assert app.words.value == "y" * 10_000
        assert app.refused == []
