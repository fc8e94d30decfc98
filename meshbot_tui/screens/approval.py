"""One approval in front of everything else."""

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from meshbot_core.session.records import Approval, Verdict
from meshbot_core.types import Clock, SystemClock
from meshbot_tui.screens.leaving import Leaving
from meshbot_tui.widgets.approvals.card import ApprovalCard
from meshbot_tui.widgets.approvals.entries import Entry

_GONE_S = 1.5


class ApprovalModal(Leaving[Verdict | None]):
    """Its answer is the verdict; None: later, or it waits no more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "allow('once')", "Allow once"),
        Binding("Y", "allow('session')", "Allow for session"),
        Binding("d", "deny", "Deny"),
        Binding("escape", "later", "Later"),
    ]
    DEFAULT_CSS = """
    ApprovalModal {
        align: center middle;
        & > ApprovalCard {
            width: 90%; min-width: 40; max-width: 110; height: auto; max-height: 95%;
            border: round $warning; background: $surface; padding: 0 1;
            border-title-color: $text-warning; border-title-style: bold;
        }
        & > ApprovalCard > SheetView:focus { border: round $panel; }
    }
    """

    def __init__(self, approval: Approval, *, clock: Clock | None = None) -> None:
        super().__init__()
        self.approval = approval
        self._clock = clock or SystemClock()

    def compose(self) -> ComposeResult:
        """The card."""
        card = ApprovalCard(has_later=True)
        card.border_title = "Waits for you"
        yield card

    def on_mount(self) -> None:
        """Nobody asked for it: it takes no key at first."""
        self._card.show(Entry(self.approval), self._clock.now_ms(), has_come=True)
        self._card.sheet.focus()
        self.set_interval(1, self._tick)
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        """As high as its text needs."""
        self.call_after_refresh(self._fit)

    def withdraw(self) -> None:
        """It was answered elsewhere: say so for a moment, take no key, then go."""
        if not self._card.is_gone:
            self._card.say_gone()
            self.set_timer(_GONE_S, self._end)

    def _end(self) -> None:
        self.leave(None)

    @property
    def _card(self) -> ApprovalCard:
        return self.query_one(ApprovalCard)

    def _fit(self) -> None:
        self._card.styles.height = self._card.wanted_height

    def _tick(self) -> None:
        self._card.tick(self._clock.now_ms())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is done in the first moment; what waits no more can only be left."""
        if action not in ("allow", "deny", "later"):
            return True
        if not self.is_mounted:
            return False
        return self._card.takes_keys or (action == "later" and self._card.is_gone)

    def action_allow(self, scope: Literal["once", "session"]) -> None:
        """Allow it."""
        self._card.allow(scope)

    def action_deny(self) -> None:
        """Deny it, with a reason."""
        self._card.deny()

    def action_later(self) -> None:
        """Leave it in the list."""
        self.dismiss(None)

    @on(ApprovalCard.Later)
    def later(self) -> None:
        """The mouse said so."""
        self.dismiss(None)

    @on(ApprovalCard.Changed)
    def changed(self) -> None:
        """Other keys work."""
        self.refresh_bindings()

    @on(ApprovalCard.Decided)
    def decided(self, event: ApprovalCard.Decided) -> None:
        """Done."""
        self.leave(
            Verdict(behavior=event.behavior, scope=event.scope, reason=event.reason, by="console")
        )
