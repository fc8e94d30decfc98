"""Everything that waits for the person: a list, and the chosen one whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from meshbot_core.session.records import Approval
from meshbot_core.types import Clock, SystemClock
from meshbot_tui.model.picture import Question
from meshbot_tui.widgets.approvals.card import ApprovalCard
from meshbot_tui.widgets.approvals.entries import Entry, Key, merged
from meshbot_tui.widgets.approvals.list import AskList

_WIDE: Final = 96
_SENT: Final = {
    ("allow", "once"): "Allowed once: on its way …",
    ("allow", "session"): "Allowed for this session: on its way …",
    ("deny", "once"): "Denied: on its way …",
}


class ApprovalsPane(Widget):
    """Takes what waits by ``show``; what the person says goes out as messages.

    What is read stays: when it is settled elsewhere the card says so and keeps still until the
    person goes on, so that no key meets another entry than the one it was meant for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "allow('once')", "Allow once"),
        Binding("Y", "allow('session')", "This session"),
        Binding("d", "deny", "Deny"),
        Binding("e,enter", "answer", "Answer", key_display="e"),
        Binding("i", "ignore", "Ignore"),
        Binding("pagedown,space", "page(1)", "Read on", show=False),
        Binding("pageup", "page(-1)", "Read back", show=False),
    ]
    DEFAULT_CSS = """
    ApprovalsPane {
        layout: vertical;
        & > AskList { height: auto; max-height: 30%; min-height: 1; }
        & > ApprovalCard { height: 1fr; padding: 0 1; }
        &.-wide { layout: horizontal; }
        &.-wide > AskList { width: 40%; height: 1fr; max-height: 100%; }
        &.-wide > ApprovalCard { width: 60%; }
    }
    """

    @dataclass
    class Decided(Message):
        """The person allows or denies."""

        agent: str
        id: str
        behavior: Literal["allow", "deny"]
        scope: Literal["once", "session"]
        reason: str

    @dataclass
    class Answered(Message):
        """The person answers an ask."""

        id: str
        to: str
        text: str

    @dataclass
    class Ignored(Message):
        """The person will not answer an ask."""

        id: str
        to: str

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own word
    ) -> None:
        super().__init__(id=id)
        self._clock = clock or SystemClock()
        self._entries: tuple[Entry, ...] = ()
        self._sent: dict[Key, str] = {}

    def compose(self) -> ComposeResult:
        """List and card."""
        yield AskList()
        yield ApprovalCard()

    def on_mount(self) -> None:
        """How long they wait yet is told each second."""
        self.set_interval(1, self._tick)

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= _WIDE, "-wide")

    # -- values

    def show(self, approvals: Sequence[Approval], questions: Sequence[Question]) -> None:
        """Show what waits now; the chosen one stays chosen."""
        known = {entry.key: entry for entry in self._entries}
        entries = merged(approvals, questions, known)
        keys = {entry.key for entry in entries}
        if entries == self._entries:
            return
        self._entries = entries
        chosen = self._card.entry.key if self._card.entry is not None else None
        was_sent = chosen in self._sent
        self._sent = {key: text for key, text in self._sent.items() if key in keys}
        if chosen in keys and not (was_sent and self._next_of(chosen) is not None):
            self._show_list(chosen)
            entry = next(entry for entry in entries if entry.key == chosen)
            self._card.renew(entry, self._clock.now_ms())
        elif chosen is None or chosen in keys or was_sent or not self._is_read:
            self._go_on()
        else:
            self._show_list(None)
            self._card.say_gone()

    def hold(self) -> None:
        """Take no key for a moment: it comes into view only now."""
        self._card.hold()

    def attend(self, *, is_next: bool) -> str | None:
        """Show what has waited longest, or the next after what is shown; whose it is.

        It takes no key for a moment, as whatever the person did not choose.
        """
        shown = self._card.entry
        entry = self._next_of(shown.key if is_next and shown is not None else None)
        if entry is not None and (shown is None or entry.key != shown.key):
            self._show_list(entry.key)
            self._card.show(entry, self._clock.now_ms(), has_come=True)
        return entry.key[1] if entry is not None else None

    @property
    def _is_read(self) -> bool:
        """Whether a person can be reading here."""
        widgets = (node for node in self.ancestors_with_self if isinstance(node, Widget))
        return all(widget.display for widget in widgets)

    @property
    def _list(self) -> AskList:
        return self.query_one(AskList)

    @property
    def _card(self) -> ApprovalCard:
        return self.query_one(ApprovalCard)

    def _show_list(self, chosen: Key | None) -> None:
        self._list.show(self._entries, chosen, frozenset(self._sent), self._clock.now_ms())

    def _next_of(self, key: Key | None) -> Entry | None:
        """The next that nothing was said to, from ``key`` on and round."""
        keys = [entry.key for entry in self._entries]
        at = keys.index(key) if key in keys else -1
        turned = (*self._entries[at + 1 :], *self._entries[: at + 1])
        return next((entry for entry in turned if entry.key not in self._sent), None)

    def _go_on(self, after: Key | None = None) -> None:
        """To the next one, which nobody has chosen: it takes no key for a moment."""
        entry = self._next_of(after)
        self._show_list(entry.key if entry is not None else None)
        self._card.show(entry, self._clock.now_ms(), has_come=True)

    def _tick(self) -> None:
        if self._is_read:
            now_ms = self._clock.now_ms()
            self._list.tick(now_ms)
            self._card.tick(now_ms)

    # -- what the person does

    @on(AskList.Chosen)
    def chosen(self, event: AskList.Chosen) -> None:
        """Show another one."""
        event.stop()
        entry = next((entry for entry in self._entries if entry.key == event.key), None)
        if entry is not None:
            self._card.show(entry, self._clock.now_ms(), sent=self._sent.get(entry.key, ""))

    @on(ApprovalCard.Decided)
    def decided(self, event: ApprovalCard.Decided) -> None:
        """Pass it on, and go to the next."""
        event.stop()
        _, agent, approval_id = event.entry.key
        verdict = self.Decided(agent, approval_id, event.behavior, event.scope, event.reason)
        self.post_message(verdict)
        self._was_sent(event.entry, _SENT[event.behavior, event.scope])

    @on(ApprovalCard.Answered)
    def answered(self, event: ApprovalCard.Answered) -> None:
        """Pass it on, and go to the next."""
        event.stop()
        _, sender, question_id = event.entry.key
        self.post_message(self.Answered(question_id, sender, event.text))
        self._was_sent(event.entry, "Answered: on its way …")

    @on(ApprovalCard.Ignored)
    def ignored(self, event: ApprovalCard.Ignored) -> None:
        """Pass it on, and go to the next."""
        event.stop()
        _, sender, question_id = event.entry.key
        self.post_message(self.Ignored(question_id, sender))
        self._was_sent(event.entry, "Put aside …")

    def _was_sent(self, entry: Entry, text: str) -> None:
        self._sent[entry.key] = text
        if self._next_of(entry.key) is not None:
            self._go_on(entry.key)
        else:
            self._show_list(entry.key)
            self._card.say_sent(text)

    @on(ApprovalCard.Changed)
    def changed(self, event: ApprovalCard.Changed) -> None:
        """Other keys work."""
        event.stop()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys work for what is chosen."""
        if not self.is_mounted or not self._entries:
            return action not in ("allow", "deny", "answer", "ignore")
        if action in ("allow", "deny"):
            return self._card.can("decide")
        return self._card.can("answer") if action in ("answer", "ignore") else True

    def action_allow(self, scope: Literal["once", "session"]) -> None:
        """Allow the chosen one."""
        self._card.allow(scope)

    def action_deny(self) -> None:
        """Deny the chosen one."""
        self._card.deny()

    def action_answer(self) -> None:
        """Answer the chosen one."""
        self._card.answer()

    def action_ignore(self) -> None:
        """Put the chosen question aside, unanswered."""
        self._card.ignore()

    def take_back(self, key: Key) -> None:
        """What was said to it did not get there: it waits as before."""
        if self._sent.pop(key, None) is None:
            return
        entry = self._card.entry
        self._show_list(self._list.chosen)
        if entry is not None and entry.key == key:
            self._card.say_sent("")

    def action_page(self, by: int) -> None:
        """Read on in the chosen one's text."""
        sheet = self._card.sheet
        sheet.scroll_relative(y=by * max(1, sheet.size.height - 1), animate=False)
