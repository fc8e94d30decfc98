"""A question with two answers."""

from textual import events

from meshbot_tui.screens import question
from meshbot_tui.screens.question import Question
from tests.support.waiting import until
from tests.tui.desk import NOT_YET, Asked, at_desk, taken, typed
from tests.tui.showing import text_of

TEXT = "Stop [bold]it[/bold]?"


async def test_it_is_answered_by_y_and_n_and_escape(monkeypatch):
    monkeypatch.setattr(question, "HOLD_S", 0)
    async with at_desk() as (desk, _):
        for key, answer in (("y", True), ("n", False), ("escape", False)):
            asked = await Asked(desk, Question(TEXT, "stop it")).open()
            typed(desk, key)
            await taken(desk)
            assert (asked.answer, desk.screen) == (answer, desk.main)


async def test_a_yes_of_the_first_moment_says_nothing_and_a_no_does(monkeypatch):
    monkeypatch.setattr(question, "HOLD_S", 60)
    async with at_desk() as (desk, _):
        asked = await Asked(desk, Question(TEXT, "stop it")).open()
        typed(desk, "y")
        await taken(desk)
        assert asked.answer is NOT_YET
        typed(desk, "n")
        await taken(desk)
        assert asked.answer is False


async def test_a_yes_that_lay_about_while_the_console_was_busy_says_nothing():
    async with at_desk() as (desk, _):
        asked = await Asked(desk, Question(TEXT, "stop it")).open()
        before = events.Key("y", "y")
        await until(lambda: events.Key("y", "y").time > asked.dialog._readable_s)
        desk.post_message(before)
        await taken(desk)
        assert asked.answer is NOT_YET
        typed(desk, "y")
        await taken(desk)
        assert asked.answer is True


async def test_the_first_moment_is_half_a_second():
    assert question.HOLD_S >= 0.5


async def test_it_is_text_whatever_stands_in_it():
    async with at_desk() as (desk, _):
        await Asked(desk, Question(TEXT, "[red]stop it")).open()
        assert TEXT in text_of(desk)
        assert "[red]stop it" in text_of(desk)


async def test_it_is_answered_by_the_mouse():
    async with at_desk() as (desk, pilot):
        for label, answer in (("y stop it", True), ("n leave it", False)):
            asked = await Asked(desk, Question(TEXT, "stop it")).open()
            lines = text_of(desk).splitlines()
            y = next(number for number, line in enumerate(lines) if label in line)
            await pilot.click(offset=(lines[y].index(label) + 2, y))
            await until(lambda asked=asked, answer=answer: asked.answer is answer)
