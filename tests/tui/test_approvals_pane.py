"""What waits for the person: chosen, read, allowed, denied, answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from meshbot_core.session.records import Approval
from meshbot_tui.model.picture import Question
from meshbot_tui.themes import SIXTEEN
from meshbot_tui.widgets.approvals import ApprovalCard, ApprovalsPane, card
from meshbot_tui.widgets.approvals.list import AskList
from tests.support.clock import FakeClock
from tests.support.waiting import until
from tests.tui.showing import NOW_MS, SIZE_NAMES, SIZES, Showing, command, edit, question, text_of


@pytest.fixture(autouse=True)
def short_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that are about it hold long, and let go by hand."""
    monkeypatch.setattr(card, "HOLD_S", 0.02)


KEPT = (ApprovalsPane.Decided, ApprovalsPane.Answered, ApprovalsPane.Ignored)


class Stage:
    """A pane, and what it said."""

    def __init__(self, app: Showing, pilot: Pilot[object], clock: FakeClock) -> None:
        self.app, self.pilot, self.clock = app, pilot, clock
        self.pane = app.query_one(ApprovalsPane)
        self.card = app.query_one(ApprovalCard)
        self.list = app.query_one(AskList)

    async def show(self, *waiting: Approval | Question) -> None:
        approvals = [each for each in waiting if isinstance(each, Approval)]
        self.pane.show(approvals, [each for each in waiting if isinstance(each, Question)])
        await self.pilot.pause()

    async def released(self) -> None:
        await until(lambda: not self.card.is_held)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def said(self) -> list[tuple[str, ...]]:
        return [
            (m.agent, m.id, m.behavior, m.scope, m.reason)
            if isinstance(m, ApprovalsPane.Decided)
            else (m.id, m.to, m.text if isinstance(m, ApprovalsPane.Answered) else "ignored")
            for m in self.app.said
            if isinstance(m, KEPT)
        ]

    @property
    def text(self) -> str:
        return text_of(self.app)


@asynccontextmanager
async def staged(
    *waiting: Approval | Question, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Stage]:
    clock = FakeClock()
    app = Showing(ApprovalsPane(clock=clock), KEPT)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot, clock)
        stage.list.focus()
        await stage.show(*waiting)
        await stage.released()
        yield stage


async def test_a_question_that_was_given_up_stands_last_and_says_what_an_answer_does():
    async with staged(question("q1", "ann"), question("q2")) as stage:
        await stage.press("e", *"half")
        await stage.show(replace(question("q1", "ann"), is_late=True), question("q2"))

        assert "given up; an answer still arrives, as a message" in stage.text
        assert stage.text.splitlines()[1].startswith("▌? ann")
        await stage.press(*" way", "enter")
        assert stage.said == [("q1", "ann", "half way")]


async def test_i_puts_a_question_aside_and_is_no_key_of_an_approval():
    async with staged(question("q1"), command()) as stage:
        await stage.press("home", "i")
        assert stage.said == []
        await stage.press("end", "i")
        assert stage.said == [("q1", "web", "ignored")]


async def test_what_did_not_get_there_waits_as_before():
    async with staged(command()) as stage:
        await stage.press("y")
        assert "on its way" in stage.text
        assert " sent " in stage.text
        stage.pane.take_back(("approval", "ops", "a2"))
        await stage.pilot.pause()

        assert "on its way" not in stage.text
        assert " sent " not in stage.text
        await stage.press("y")
        assert stage.said == 2 * [("ops", "a2", "allow", "once", "")]


async def test_y_allows_once_and_the_next_one_takes_no_key_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
):
    async with staged(edit(), command()) as stage:
        monkeypatch.setattr(card, "HOLD_S", 60)
        await stage.press("y", "y")

        assert stage.said == [("dev", "a1", "allow", "once", "")]
        assert "keys are taken in a moment" in stage.text
        stage.card._release()
        await stage.press("Y")
        assert stage.said[1:] == [("ops", "a2", "allow", "session", "")]


async def test_a_denial_asks_for_a_reason_and_goes_without_one():
    async with staged(edit(), command()) as stage:
        await stage.press("d", *"not y", "enter")
        await stage.released()
        await stage.press("d", "enter")

        assert stage.said == [
            ("dev", "a1", "deny", "once", "not y"),
            ("ops", "a2", "deny", "once", ""),
        ]
        assert stage.list.has_focus


async def test_escape_denies_nothing_and_keeps_what_was_written():
    async with staged(edit()) as stage:
        await stage.press("d", *"no", "escape")
        assert stage.said == []

        await stage.press("d", "t")
        assert stage.app.query_one(Input).value == "not"


async def test_a_question_is_answered_in_place_but_not_by_silence():
    async with staged(question()) as stage:
        await stage.press("y", "d", "enter", "enter")
        assert stage.said == []

        await stage.press(*"8080", "enter")
        assert stage.said == [("q1", "web", "8080")]


@pytest.mark.parametrize(("asked", "key"), [(question(), "enter"), (edit(), "d")])
async def test_a_return_that_bounces_says_it_once(asked: Approval | Question, key: str):
    async with staged(asked) as stage:
        await stage.press(key, *"8080")
        line = stage.app.query_one(Input)
        await line.action_submit()
        await line.action_submit()
        await stage.pilot.pause()

        assert len(stage.said) == 1
        assert "8080" in stage.said[0]


async def test_what_is_read_stays_when_others_come_and_go():
    first, second = edit(), command()
    async with staged(first, second) as stage:
        await stage.press("j")
        earlier = edit("web", "a0", asked_at_ms=NOW_MS - 500_000)
        await stage.show(earlier, first, second)
        await stage.show(earlier, second, question())

        assert stage.list.chosen == ("approval", "ops", "a2")
        await stage.press("y")
        assert stage.said == [("ops", "a2", "allow", "once", "")]


async def test_what_was_answered_elsewhere_says_so_and_takes_no_key():
    async with staged(edit(), command()) as stage:
        await stage.show(command())
        await stage.press("y")
        assert stage.said == []
        assert "Waits no more" in stage.text
        assert "f'Hello {name}'" in stage.text

        await stage.press("j", "y")
        assert stage.said == [("ops", "a2", "allow", "once", "")]


async def test_a_reason_for_what_is_gone_is_not_sent():
    async with staged(edit()) as stage:
        await stage.press("d", *"no")
        await stage.show()
        await stage.press("enter")

        assert stage.said == []
        await stage.press("escape")
        assert stage.list.has_focus


async def test_what_comes_by_itself_takes_no_key_at_first(monkeypatch: pytest.MonkeyPatch):
    async with staged() as stage:
        monkeypatch.setattr(card, "HOLD_S", 60)
        assert "Nobody waits for you" in stage.text
        await stage.show(edit())
        await stage.press("y")

        assert stage.said == []
        stage.card._release()
        await stage.press("y")
        assert stage.said == [("dev", "a1", "allow", "once", "")]


async def test_what_was_said_goes_away_when_it_is_settled():
    async with staged(edit()) as stage:
        await stage.press("y")
        assert "on its way" in stage.text

        await stage.show()
        assert "Nobody waits for you" in stage.text
        assert "since" not in stage.text


async def test_a_decision_that_did_not_arrive_can_be_said_again():
    async with staged(edit()) as stage:
        await stage.press("y")
        await stage.press("y")
        assert len(stage.said) == 2


async def test_time_goes_on_in_minutes_then_seconds():
    async with staged(command()) as stage:
        assert "4 min left" in stage.text
        stage.clock.advance(220_000)
        await until(lambda: "30 s left" in stage.text)


async def test_a_difference_is_readable_without_colour(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged(edit()) as stage:
        assert "-     return 'Hello ' + name" in stage.text
        assert "+     return f'Hello {name}'" in stage.text
        assert "[bold]you[/]" in stage.text


async def test_hostile_text_is_shown_and_does_nothing():
    async with staged(command("echo \x1b[2J\u202egnp.exe [@click=app.quit]x[/]")) as stage:
        assert r"\x1b[2J\u202egnp.exe [@click=app.quit]x[/]" in stage.text
        assert "\x1b" not in stage.text


async def test_a_long_text_says_how_much_is_below_and_is_read_by_keys():
    async with staged(command("\n".join(f"echo {n}" for n in range(100)))) as stage:
        assert "more lines" in stage.text
        assert "echo 99" not in stage.text
        for _ in range(12):
            await stage.press("pagedown")
        assert "echo 99" in stage.text
        assert "more lines" not in stage.text


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
async def test_pages_are_those_of_what_is_read_also_beside_a_long_list(size: tuple[int, int]):
    lines = "\n".join(f"echo {n}" for n in range(100))
    others = [command(lines, "web", f"b{n:02d}") for n in range(60)]
    async with staged(*others, size=size) as stage:
        assert stage.list.max_scroll_y > 0
        await stage.press("pagedown", "pagedown")
        read, listed = stage.card.sheet.scroll_offset.y, stage.list.scroll_offset.y
        assert (read > 4, listed) == (True, 0)
        await stage.press("pageup")
        assert 0 < stage.card.sheet.scroll_offset.y < read


async def test_nothing_of_a_long_text_is_under_the_bar_whatever_was_shown_before():
    digits = "0123456789" * 200
    async with staged(command(digits, "ops"), command(digits, "web", "a3")) as stage:
        await stage.press("j")
        rows = [row.text for row in stage.card.sheet._rows]
        assert "".join(rows).startswith(digits)
        drawn = stage.text.split("\n")
        assert stage.card.sheet.show_vertical_scrollbar
        assert any(rows[0] in line for line in drawn)
        assert any(rows[1] in line for line in drawn)


async def test_the_mouse_chooses_and_decides():
    async with staged(edit(), command()) as stage:
        await stage.pilot.click(AskList, offset=(5, 1))
        await stage.pilot.pause()
        await stage.pilot.click("#session")
        await stage.pilot.pause()

        assert stage.said == [("ops", "a2", "allow", "session", "")]


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
@pytest.mark.parametrize("keys", ["", "j", "jje", "jd"], ids=["edit", "command", "ask", "deny"])
def test_pane_looks_as_before(snap_compare, utc, size: tuple[int, int], keys: str):
    pane = ApprovalsPane(clock=FakeClock())
    long = "npm test && " + "echo very long " * 30 + "\nrm -rf build"
    waiting = [edit(), command(long)]

    async def prepare(pilot: Pilot[object]) -> None:
        pane.query_one(AskList).focus()
        pane.show(waiting, [question(text="Which port?\nI would take 8080.")])
        await until(lambda: not pane.query_one(ApprovalCard).is_held)
        await pilot.press(*keys)

    assert snap_compare(Showing(pane), terminal_size=size, run_before=prepare)


def test_pane_that_just_got_one_looks_as_before(snap_compare, utc, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(card, "HOLD_S", 60)
    pane = ApprovalsPane(clock=FakeClock())

    async def prepare(pilot: Pilot[object]) -> None:
        pane.show([edit()], [])
        await pilot.pause()

    assert snap_compare(Showing(pane), run_before=prepare)


def test_differences_are_readable_in_sixteen_colours(snap_compare, utc):
    pane = ApprovalsPane(clock=FakeClock())
    app = Showing(pane)
    app.theme = SIXTEEN

    async def prepare(pilot: Pilot[object]) -> None:
        pane.query_one(AskList).focus()
        pane.show([edit(), command()], [])
        await until(lambda: not pane.query_one(ApprovalCard).is_held)

    assert snap_compare(app, run_before=prepare)
