"""An approval in front of everything else: no slip of a finger decides it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from meshbot_core.session.records import Approval, Verdict
from meshbot_tui.screens import approval as approval_screen
from meshbot_tui.screens.approval import ApprovalModal
from meshbot_tui.widgets.approvals import ApprovalCard, card
from tests.support.clock import FakeClock
from tests.support.waiting import until
from tests.tui.showing import SIZE_NAMES, SIZES, Showing, command, edit, text_of

NOT_YET = "not yet"


class Stage:
    """A modal, and its answer."""

    def __init__(self, app: Showing, pilot: Pilot[object], modal: ApprovalModal) -> None:
        self.app, self.pilot, self.modal = app, pilot, modal
        self.answer: Verdict | str | None = NOT_YET

    def answered(self, verdict: Verdict | None) -> None:
        self.answer = verdict

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def released(self) -> None:
        await until(lambda: not self.modal.query_one(ApprovalCard).is_held)
        await self.pilot.pause()


@asynccontextmanager
async def staged(approval: Approval) -> AsyncIterator[Stage]:
    app = Showing()
    async with app.run_test(size=(80, 24)) as pilot:
        modal = ApprovalModal(approval, clock=FakeClock())
        stage = Stage(app, pilot, modal)
        await app.push_screen(modal, stage.answered)
        await pilot.pause()
        yield stage


async def test_it_takes_no_key_at_first_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(card, "HOLD_S", 60)
    async with staged(edit()) as stage:
        await stage.press("y", "Y", "d", "escape")
        assert stage.answer == NOT_YET
        assert "keys are taken in a moment" in text_of(stage.app)

        stage.modal.query_one(ApprovalCard)._release()
        await stage.pilot.pause()
        assert "keys are taken in a moment" not in text_of(stage.app)
        await stage.press("y")
        assert stage.answer == Verdict(behavior="allow", scope="once", by="console")


async def test_the_first_moment_is_half_a_second():
    assert card.HOLD_S >= 0.5


async def test_a_whole_session_is_allowed_with_a_capital():
    async with staged(edit()) as stage:
        await stage.released()
        await stage.press("Y")
        assert stage.answer == Verdict(behavior="allow", scope="session", by="console")


async def test_a_denial_brings_its_reason():
    async with staged(command()) as stage:
        await stage.released()
        await stage.press("d", *"use make", "enter")
        assert stage.answer == Verdict(behavior="deny", reason="use make", by="console")


async def test_escape_leaves_the_reason_first_and_the_modal_then():
    async with staged(command()) as stage:
        await stage.released()
        await stage.press("d", "n", "escape")
        assert stage.answer == NOT_YET

        await stage.press("escape")
        assert stage.answer is None


async def test_what_was_answered_elsewhere_takes_no_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(approval_screen, "_GONE_S", 60)
    async with staged(command()) as stage:
        await stage.released()
        stage.modal.withdraw()
        await stage.press("y")

        assert stage.answer == NOT_YET
        assert "Waits no more" in text_of(stage.app)


async def test_what_was_answered_elsewhere_goes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(approval_screen, "_GONE_S", 0.05)
    async with staged(command()) as stage:
        stage.modal.withdraw()
        await until(lambda: stage.answer is None)


async def test_what_was_answered_elsewhere_goes_once_it_is_in_front_again(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(approval_screen, "_GONE_S", 0.05)
    async with staged(command()) as stage:
        front = ModalScreen[None]()
        await stage.app.push_screen(front)
        stage.modal.withdraw()
        await until(lambda: stage.modal._kept is not None)
        assert (stage.answer, stage.app.screen) == (NOT_YET, front)
        await stage.app.pop_screen()
        await until(lambda: stage.answer is None)
        await stage.pilot.pause()
        assert stage.modal not in stage.app.screen_stack


async def test_what_waits_no_more_can_be_left_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(approval_screen, "_GONE_S", 60)
    async with staged(command()) as stage:
        stage.modal.withdraw()
        await stage.press("escape")
        assert stage.answer is None


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
@pytest.mark.parametrize("state", ["held", "ready", "long"])
def test_modal_looks_as_before(
    snap_compare, utc, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], state: str
):
    monkeypatch.setattr(card, "HOLD_S", 60 if state == "held" else 0.01)
    approval = command("\n".join(f"echo {n}" for n in range(80))) if state == "long" else edit()
    modal = ApprovalModal(approval, clock=FakeClock())

    async def prepare(pilot: Pilot[object]) -> None:
        await pilot.app.push_screen(modal)
        await until(lambda: modal.query_one(ApprovalCard).is_held == (state == "held"))
        await pilot.pause()

    assert snap_compare(Showing(), terminal_size=size, run_before=prepare)
