"""One thing that waits, whole, and what can be said to it."""

from dataclasses import dataclass
from typing import Final, Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from meshbot_core.session.records import Scope
from meshbot_tui.widgets.approvals.body import SheetView
from meshbot_tui.widgets.approvals.controls import Actions, Reply, ReplyLine
from meshbot_tui.widgets.approvals.entries import Entry
from meshbot_tui.widgets.approvals.sheet import lines_of
from meshbot_tui.widgets.approvals.status import Standing, StandingLine

HOLD_S: Final = 0.5
"""So long what came by itself takes no key: it was meant for something else."""

_LOW: Final = 18
"""A window of fewer rows has none to give away."""

Behavior = Literal["allow", "deny"]


class ApprovalCard(Widget):
    """Shows an entry; posts what the person decides. Its owner has the keys."""

    DEFAULT_CSS = """
    ApprovalCard {
        layout: vertical;
        & > #head { height: auto; }
        & > #facts { height: auto; color: $text-muted; }
        & > SheetView {
            height: 1fr; min-height: 3; border: round $panel;
            border-subtitle-color: $text-warning;
            &:focus { border: round $accent; }
        }
        & > Horizontal { height: 1; display: none; }
        & > Horizontal.-shown { display: block; }
        /* What is asked for is worth more than all around it. */
        &.-low > #head, &.-low > #facts { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-low > SheetView, &.-low > SheetView:focus { border: none; min-height: 1; }
        &.-low > StandingLine.-empty { display: none; }
    }
    """

    @dataclass
    class Decided(Message):
        """The person allows or denies."""

        entry: Entry
        behavior: Behavior
        scope: Scope = "once"
        reason: str = ""

    @dataclass
    class Answered(Message):
        """The person answers a question."""

        entry: Entry
        text: str

    @dataclass
    class Ignored(Message):
        """The person will not answer a question."""

        entry: Entry

    class Later(Message):
        """The person leaves it for now (where that is offered)."""

    class Changed(Message):
        """What can be done here is something else now."""

    def __init__(self, *, has_later: bool = False) -> None:
        super().__init__()
        self.entry: Entry | None = None
        self.is_held = False
        self.is_gone = False
        self._has_later = has_later
        self._sent = ""
        self._hold: Timer | None = None
        self._facts: str | None = None

    def compose(self) -> ComposeResult:
        """Who wants what, all of it, what can be said."""
        yield Static(id="head")
        yield Static(id="facts")
        yield ReplyLine()
        yield Actions(has_later=self._has_later, id="actions")
        yield StandingLine()
        yield SheetView()

    def on_mount(self) -> None:
        """Nothing waits so far."""
        self._tell()

    def on_resize(self) -> None:
        """Without frames where the window is low."""
        self.set_class(self.app.size.height < _LOW, "-low")
        self.scrolled()

    # -- values

    def show(
        self, entry: Entry | None, now_ms: int, *, sent: str = "", has_come: bool = False
    ) -> None:
        """Show ``entry``.

        Args:
            entry: What waits; None: nothing does.
            now_ms: The time, for how long it waits yet.
            sent: What was said to it already.
            has_come: It was not chosen by the person; keys are not taken for a moment.
        """
        self.query_one(ReplyLine).leave()
        self.entry, self._sent, self.is_gone = entry, sent, False
        self._facts = None
        self.sheet.show(lines_of(entry) if entry is not None else ())
        self.tick(now_ms)
        self._release()
        if has_come:
            self.hold()

    def hold(self) -> None:
        """Take no key for a moment: the person has not seen yet what it would be for."""
        self._release()
        if self.entry is not None:
            self.is_held = True
            self._hold = self.set_timer(HOLD_S, self._release)
            self._tell()

    def tick(self, now_ms: int) -> None:
        """The time goes on."""
        if self.is_gone:
            return
        facts = self.entry.facts(now_ms) if self.entry is not None else ""
        if facts != self._facts:
            self._facts = facts
            self.query_one("#facts", Static).update(Content(facts))

    def renew(self, entry: Entry, now_ms: int) -> None:
        """The same entry, of which more is known now; what is being written stays."""
        if entry != self.entry:
            self.entry = entry
            self.tick(now_ms)

    def say_sent(self, sent: str) -> None:
        """What the person said is on its way."""
        self._sent = sent
        self._tell()

    def say_gone(self) -> None:
        """It waits no more, by nobody's doing here; it stays to be read."""
        self.is_gone = True
        self._tell()

    @property
    def sheet(self) -> SheetView:
        """The whole text."""
        return self.query_one(SheetView)

    @property
    def wanted_height(self) -> int:
        """How high it has to be to show all of it."""
        parts = [self.query_one(part) for part in ("#head", "#facts")]
        around = self.gutter.height + self.sheet.gutter.height
        return around + sum(part.size.height for part in parts) + 2 + self.sheet.row_count

    @property
    def takes_keys(self) -> bool:
        """Whether something can be said now."""
        return self.entry is not None and not self.is_held and not self.is_gone

    @property
    def is_writing(self) -> bool:
        """Whether a reason or an answer is being written."""
        return self.query_one(ReplyLine).is_open

    def can(self, what: Literal["decide", "answer"]) -> bool:
        """Whether that can be done with what is shown."""
        if self.entry is None or not self.takes_keys:
            return False
        return self.entry.is_question == (what == "answer")

    # -- what the person says

    def allow(self, scope: Scope) -> None:
        """Let it be done."""
        # Nothing is allowed of which no line is in sight.
        if self.entry is not None and self.can("decide") and self.sheet.is_seen:
            self.post_message(self.Decided(self.entry, "allow", scope))

    def write(self, label: str) -> None:
        """Let the person write a reason or an answer."""
        if self.entry is None or not self.takes_keys:
            return
        self.query_one(ReplyLine).open(label, self.entry.key)
        self._tell()

    def deny(self) -> None:
        """Ask why, then deny."""
        if self.can("decide"):
            self.write("Deny, because")

    def answer(self) -> None:
        """Ask for the answer."""
        if self.can("answer"):
            self.write("Answer")

    def ignore(self) -> None:
        """Leave a question without an answer."""
        if self.entry is not None and self.can("answer"):
            self.post_message(self.Ignored(self.entry))

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """The reason or the answer is there."""
        event.stop()
        entry, text = self.entry, self.query_one(Reply).text.strip()
        # What was asked may be gone by now; then it stays, with what was written. The line keeps
        # the keys for a moment after it was sent: a second return is not for what comes next.
        if entry is None or self.is_gone or not self.is_writing:
            return
        if entry.is_question and not text:
            return
        self.query_one(ReplyLine).sent()
        if entry.is_question:
            self.post_message(self.Answered(entry, text))
        else:
            self.post_message(self.Decided(entry, "deny", reason=text))

    @on(Reply.Left)
    def left(self, event: Reply.Left) -> None:
        """Nothing is said; what was written stays for a next time."""
        event.stop()
        self.query_one(ReplyLine).leave()
        self._tell()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """The mouse."""
        event.stop()
        match event.button.id:
            case "once" | "session" as scope:
                self.allow(scope)
            case "deny":
                self.deny()
            case "answer":
                self.answer()
            case "ignore":
                self.ignore()
            case _:
                self.post_message(self.Later())

    # -- how it looks

    def _release(self) -> None:
        if self._hold is not None:
            self._hold.stop()
        self.is_held, self._hold = False, None
        self._tell()

    @on(SheetView.Scrolled)
    def scrolled(self) -> None:
        """Say what is out of sight, and all else that there is to say."""
        more = self.sheet.more
        self.sheet.border_subtitle = more
        standing = Standing(
            self.entry,
            sent=self._sent,
            is_gone=self.is_gone,
            is_held=self.is_held,
            is_writing=self.is_writing,
            is_cut_off=self.sheet.is_cut_off,
        )
        self.query_one(StandingLine).show(standing, more, is_low=self.has_class("-low"))

    def _tell(self) -> None:
        entry = self.entry
        self.query_one("#head", Static).update(_head(entry))
        is_question = entry is not None and entry.is_question
        can_act = entry is not None and not self.is_gone and not self.is_writing
        self.query_one("#actions").set_class(can_act, "-shown")
        self.query_one(Actions).offer(is_question=is_question, is_held=self.is_held)
        self.sheet.display = entry is not None
        self.scrolled()
        self.post_message(self.Changed())


def _head(entry: Entry | None) -> Content:
    if entry is None:
        return Content("Nobody waits for you.")
    return Content.assemble((f"{entry.mark} ", "bold"), (entry.agent, "bold"), f" {entry.title}")
