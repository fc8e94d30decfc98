"""What a session does, from its hooks, its stream and its process; no I/O.

Each event changes the state and may have effects, which the caller acts on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from meshbot_core.claude import hooks
from meshbot_core.claude import stream as lines
from meshbot_core.claude.framing import ids_in, is_own
from meshbot_core.claude.hook_settings import WAKE_SUMMARY, SessionKind
from meshbot_core.claude.sessions import SessionFile
from meshbot_core.claude.statusline import StatusReport
from meshbot_core.claude.titles import is_idle_title
from meshbot_core.session.effects import (
    ConversationBegan,
    Dropped,
    Effect,
    Shown,
    Spent,
    TurnBegan,
    TurnEnded,
    Woken,
)
from meshbot_core.session.records import SessionState
from meshbot_core.types import Clock

LOST_LINES: Final = frozenset({"discarded", "refused", "cancelled"})
"""What may become of a line that is not given to the model."""
STALLED_AFTER_MS: Final = 10 * 60 * 1000
_QUIET_MS: Final = 1500
"""How long an idle title must stand, with no event, before a turn counts as interrupted."""
_ANSWERS_WITHIN_MS: Final = 120_000
_GARBLES_WITHIN_MS: Final = 5_000
"""How soon an event must follow a line, when what comes instead makes no sense."""
_SLEPT_MS: Final = 60_000
"""Looks follow each other by the second: when this lies between two, the machine slept."""
_SHOWN_CHARS: Final = 60
_TELLING: Final = ("command", "file_path", "pattern", "url", "query", "description", "to")


@dataclass(slots=True)
class Tracker:
    """One session's state. ``turn`` counts turns; the one that runs has that number."""

    kind: SessionKind
    clock: Clock
    doing: str = ""
    doing_since_ms: int = 0
    conversation: str = ""
    model: str = ""
    title: str = ""
    context_used: float | None = None
    cost_usd: float = 0.0
    turn: int = 0
    has_begun: bool = False
    """A turn was begun in this conversation: it can be resumed."""
    limited_until_ms: int = 0
    hears_hooks: bool = True
    """Without them an interactive session is known by what it writes down of itself alone."""
    _state: SessionState = "starting"
    _reason: str = ""
    _since_ms: int = 0
    """What it does, whatever waits for a person meanwhile."""
    _asks_since_ms: int = 0
    _heard_ms: int = 0
    _title_since_ms: int = 0
    _is_in_turn: bool = field(default=False)
    _said_ms: int = 0
    """When the oldest line was given that no event has followed yet; 0: none."""
    _garbage: str = ""
    _looked_ms: int = 0
    _asks: str = ""
    """The tool whose call waits for a person's word."""
    _dialog: str = ""
    """What a dialog on the screen is about, that no hook told of."""
    _turn_began_ms: int = 0
    _limit_ends_ms: int = 0
    """When the account's limit is over that was reached, as the status line told; 0: none is."""

    def __post_init__(self) -> None:
        self._since_ms = self._heard_ms = self.clock.now_ms()

    @property
    def is_in_turn(self) -> bool:
        """Whether the model is at work, or waits in mid-turn."""
        return self._is_in_turn

    @property
    def state(self) -> SessionState:
        """What a person is shown: what waits for them comes first."""
        return "needs_approval" if self.is_asking else self._state

    @property
    def does(self) -> SessionState:
        """What it does, whatever waits for a person meanwhile."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it is in that state, where that needs explaining."""
        return self._asks or self._dialog or self._reason

    @property
    def since_ms(self) -> int:
        """Since when it is in that state."""
        return self._asks_since_ms if self.is_asking else self._since_ms

    def to(self, state: SessionState, reason: str = "") -> None:
        """Change what it does, and since when."""
        if state != self._state:
            self._since_ms = self.clock.now_ms()
        self._state, self._reason = state, reason

    # -- the process

    def started(self, conversation: str) -> None:
        """A claude was started; ``conversation`` empty when it chooses one itself."""
        self._heard_ms = self.clock.now_ms()
        self._is_in_turn = False
        self._said_ms, self._garbage = 0, ""
        self.doing = ""
        if conversation != self.conversation:
            self.has_begun = False
        self.conversation = conversation
        self.to("starting")

    def ended(self) -> None:
        """The claude is gone; whatever it did is over."""
        self._is_in_turn = False
        self._said_ms = 0
        self._dialog = ""
        self.doing = ""

    # -- what waits for a person

    @property
    def is_asking(self) -> bool:
        """Whether something on the screen waits for a person."""
        return bool(self._asks or self._dialog)

    def asks(self, tool: str) -> None:
        """The tool whose call waits for a person's word; empty: none does any more."""
        self._waits_for(tool, self._dialog)

    def _waits_for(self, tool: str, dialog: str) -> None:
        was_asking = self.is_asking
        self._asks, self._dialog = tool, dialog
        if self.is_asking != was_asking:
            # What follows has its own time: nothing was to be heard meanwhile.
            self._asks_since_ms = self._heard_ms = self.clock.now_ms()

    # -- hooks

    def hook(self, event: hooks.HookEvent) -> tuple[Effect, ...]:
        """Note an event of the session's hooks."""
        self._heard_ms = self.clock.now_ms()
        return () if event.is_of_subagent else self._hooked(event)

    def _hooked(self, event: hooks.HookEvent) -> tuple[Effect, ...]:
        effects: tuple[Effect, ...] = ()
        match event:
            case hooks.SessionStart():
                effects = self._conversation_began(event.session_id, event.model or "")
            case hooks.UserPromptSubmit():
                effects = self._prompted(event.prompt)
            case hooks.PreToolUse():
                self._working(call_text(event.tool, event.tool_input))
            case hooks.PostToolUse() | hooks.PostToolUseFailure():
                self._working("")
            case hooks.Stop() if self.kind == "interactive":
                effects = self._turn_ended(TurnEnded(is_well=True))
            case hooks.StopFailure() if self.kind == "interactive":
                error = event.details or event.error
                how = TurnEnded(
                    is_well=False,
                    error=error,
                    is_limit=event.is_limit,
                    limited_until_ms=self._limit_ends_ms if event.is_limit else 0,
                )
                effects = self._turn_ended(how)
            case _:
                pass
        return effects

    def _conversation_began(self, conversation: str, model: str) -> tuple[Effect, ...]:
        self.model = model or self.model
        was_turn = self._is_in_turn
        changed = conversation != self.conversation
        if changed:
            self.has_begun = False
        self.conversation = conversation
        if self.state == "starting":
            self.to("idle")
        if not changed:
            return ()
        ended = self._turn_ended(TurnEnded(is_well=False, error="cleared")) if was_turn else ()
        return (*ended, ConversationBegan(conversation))

    def _prompted(self, prompt: str) -> tuple[Effect, ...]:
        ids = ids_in(prompt)
        shown: tuple[Effect, ...] = (Shown(ids),) if ids else ()
        if _is_notice(prompt) and WAKE_SUMMARY in prompt:
            shown = (*shown, Woken())
        if self._is_in_turn:
            return shown
        return (*self.turn_began(is_by_human=is_of_person(prompt)), *shown)

    @property
    def silent_ms(self) -> int:
        """How long it has told nothing."""
        return self.clock.now_ms() - self._heard_ms

    def turn_began(self, *, is_by_human: bool) -> tuple[Effect, ...]:
        """A turn begins; nothing when one runs."""
        if self._is_in_turn:
            return ()
        self.turn += 1
        self._is_in_turn = self.has_begun = True
        self._heard_ms = self._turn_began_ms = self.clock.now_ms()
        self._working("")
        return (TurnBegan(is_by_human),)

    def _turn_ended(self, how: TurnEnded) -> tuple[Effect, ...]:
        if not self._is_in_turn:
            return ()
        self._is_in_turn = False
        self.doing = ""
        self.to("limited" if how.is_limit else "idle", how.error)
        return (how,)

    def _working(self, doing: str) -> None:
        # A turn that was taken for interrupted, and was not, ends again in its own time.
        self._is_in_turn = True
        self.doing = doing
        self.doing_since_ms = self.clock.now_ms() if doing else 0
        self.to("working")

    # -- the stream of a headless session

    def said(self) -> None:
        """Note that a headless session was given a line: events must follow."""
        self._said_ms = self._said_ms or self.clock.now_ms()

    def garbled(self, line: str) -> None:
        """Note a line of a headless session that was no event."""
        self._garbage = line

    def stream(self, event: lines.StreamEvent) -> tuple[Effect, ...]:
        """Note a line of a headless session."""
        self._heard_ms = self.clock.now_ms()
        was_said, self._said_ms, self._garbage = bool(self._said_ms), 0, ""
        # What follows a line of ours is its turn; a line that names messages is one in any case.
        is_turn = isinstance(event, lines.TurnBegan | lines.UserSpoke | lines.AssistantSpoke)
        began = self.turn_began(is_by_human=False) if was_said and is_turn else ()
        return (*began, *self._streamed(event))

    def _streamed(self, event: lines.StreamEvent) -> tuple[Effect, ...]:
        effects: tuple[Effect, ...] = ()
        match event:
            case lines.TurnBegan():
                effects = self._stream_began(event)
            case lines.UserSpoke() if event.is_replay and (ids := ids_in(event.text)):
                effects = (*self.turn_began(is_by_human=False), Shown(ids))
            case lines.TurnEnded():
                effects = self._stream_ended(event)
            case lines.LineState() if event.state in LOST_LINES:
                effects = (Dropped(event.line),)
            case lines.RateLimited() if event.is_rejected:
                self.limited_until_ms = event.until_ms or 0
            case _:
                pass
        return effects

    def _stream_began(self, event: lines.TurnBegan) -> tuple[Effect, ...]:
        self.model = event.model or self.model
        if event.session_id == self.conversation or not event.session_id:
            return ()
        self.conversation = event.session_id
        return (ConversationBegan(event.session_id),)

    def _stream_ended(self, event: lines.TurnEnded) -> tuple[Effect, ...]:
        self.cost_usd = event.cost_usd
        is_limit = bool(self.limited_until_ms) or event.api_status in (429, 529)
        how = TurnEnded(
            is_well=not event.is_error,
            error=event.text[:200] if event.is_error else "",
            is_limit=event.is_error and is_limit,
            limited_until_ms=self.limited_until_ms if event.is_error else 0,
        )
        self.limited_until_ms = 0
        return (*self._turn_ended(how), Spent(event.cost_usd, self.conversation))

    # -- the terminal of an interactive session

    def status_line(self, report: StatusReport) -> tuple[Effect, ...]:
        """Note what the status line told."""
        self.model = report.model.display_name or self.model
        self.context_used = report.context.used_percentage
        self.cost_usd = report.cost.total_cost_usd
        self._limit_ends_ms = report.limit_ends_ms
        return (Spent(self.cost_usd, report.session_id),)

    def titled(self, title: str) -> None:
        """Note the window's title."""
        if is_idle_title(title) != is_idle_title(self.title):
            self._title_since_ms = self.clock.now_ms()
        self.title = title

    # -- time

    def looked_at(self, said: SessionFile | None = None) -> tuple[Effect, ...]:
        """Note that time went by: a turn may have been interrupted, or have stalled.

        ``said`` is what an interactive session wrote down of itself, None where it does not.
        """
        now_ms = self._woken_ms()
        if self._said_ms and now_ms - self._said_ms > self._patience_ms:
            return self._unheard()
        self._note_dialog(said)
        if not self.hears_hooks and said is not None:
            return self._said_itself(said)
        is_watched = self._is_in_turn and not self.is_asking
        return self._watched(said, now_ms) if is_watched else ()

    def _watched(self, said: SessionFile | None, now_ms: int) -> tuple[Effect, ...]:
        if self.kind == "interactive" and self._is_interrupted(said, now_ms):
            return self._turn_ended(TurnEnded(is_well=False, error=""))
        if now_ms - self._heard_ms > STALLED_AFTER_MS:
            self.to("stalled", f"nothing heard for {(now_ms - self._heard_ms) // 60_000} min")
        return ()

    def _said_itself(self, said: SessionFile) -> tuple[Effect, ...]:
        self.conversation = said.session_id
        if said.status == "busy":
            return self.turn_began(is_by_human=False)
        if said.status == "idle" and self._is_in_turn:
            return self._turn_ended(TurnEnded(is_well=True))
        if said.status == "idle" and self.state == "starting":
            self.to("idle")
        return ()

    def _note_dialog(self, said: SessionFile | None) -> None:
        dialog = ""
        if said is not None and said.status == "waiting" and not self._asks:
            dialog = said.waiting_for or "a dialog"
        if dialog != self._dialog:
            self._waits_for(self._asks, dialog)

    def _is_interrupted(self, said: SessionFile | None, now_ms: int) -> bool:
        """Whether the turn is over, of which no hook told: Esc ends one so."""
        if said is not None and said.status:
            quiet_ms = now_ms - max(self._heard_ms, said.status_since_ms)
            is_idle = said.status == "idle" and said.status_since_ms >= self._turn_began_ms
        else:
            quiet_ms = now_ms - max(self._heard_ms, self._title_since_ms)
            is_idle = is_idle_title(self.title)
        return is_idle and quiet_ms > _QUIET_MS

    def _woken_ms(self) -> int:
        """The time; what the machine slept, or its clock was changed by, counts for nothing."""
        now_ms = self.clock.now_ms()
        gap_ms = now_ms - (self._looked_ms or now_ms)
        self._looked_ms = now_ms
        if not 0 <= gap_ms < _SLEPT_MS:
            self._heard_ms += gap_ms
            self._title_since_ms += gap_ms
            self._said_ms += gap_ms if self._said_ms else 0
        return now_ms

    @property
    def _patience_ms(self) -> int:
        return _GARBLES_WITHIN_MS if self._garbage else _ANSWERS_WITHIN_MS

    def _unheard(self) -> tuple[Effect, ...]:
        """A line was given, and nothing came back that is an event: it was not read."""
        self._said_ms = 0
        ended = self._turn_ended(TurnEnded(is_well=False, error="claude does not answer"))
        what = f"what it writes is no event: {self._garbage}" if self._garbage else "it is silent"
        self.to("deaf", f"claude does not answer; {what}")
        return ended


_NOTICES: Final = ("<task-notification>", "<system-reminder>", "<cross-session-message")


def is_of_person(prompt: str) -> bool:
    """Whether what Claude Code took in as a prompt is neither a push nor a notice."""
    return not (ids_in(prompt) or _is_notice(prompt) or is_own(prompt))


def _is_notice(prompt: str) -> bool:
    """Whether no person typed this: a waiter or task that ended, or another session."""
    return prompt.lstrip().startswith(_NOTICES)


def call_text(tool: str, tool_input: JsonValue) -> str:
    """A tool call in a few words, for reading."""
    if isinstance(tool_input, Mapping):
        for name in _TELLING:
            value = tool_input.get(name)
            if isinstance(value, str) and value:
                return f"{tool} {' '.join(value.split())}"[:_SHOWN_CHARS]
    elif tool_input is not None:
        return f"{tool} {json.dumps(tool_input)}"[:_SHOWN_CHARS]
    return tool[:_SHOWN_CHARS]
