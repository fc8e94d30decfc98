"""What a session does, from its hooks, its stream and its process; no I/O.

Each event changes the state and may have effects, which the caller acts on.
"""

from dataclasses import dataclass, field

from meshbot_core.claude import hooks
from meshbot_core.claude import stream as lines
from meshbot_core.claude.calls import call_text
from meshbot_core.claude.framing import ids_in
from meshbot_core.claude.hook_settings import SessionKind
from meshbot_core.claude.prompts import is_of_person, is_wake
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
from meshbot_core.session.silence import Silence
from meshbot_core.session.waiting import Waiting
from meshbot_core.types import Clock


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
    silence: Silence = field(init=False)
    _state: SessionState = "starting"
    _reason: str = ""
    _since_ms: int = 0
    """What it does, whatever waits for a person meanwhile."""
    _waiting: Waiting = field(init=False)
    _is_in_turn: bool = False
    _limit_ends_ms: int = 0
    """When the account's limit is over that was reached, as the status line told; 0: none is."""

    def __post_init__(self) -> None:
        self._since_ms = self.clock.now_ms()
        self.silence = Silence(self.clock)
        self._waiting = Waiting(self.clock)

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
        return self._waiting.what or self._reason

    @property
    def since_ms(self) -> int:
        """Since when it is in that state."""
        return self._waiting.since_ms if self.is_asking else self._since_ms

    def to(self, state: SessionState, reason: str = "") -> None:
        """Change what it does, and since when."""
        if state != self._state:
            self._since_ms = self.clock.now_ms()
        self._state, self._reason = state, reason

    # -- the process

    def started(self, conversation: str) -> None:
        """A claude was started; ``conversation`` empty when it chooses one itself."""
        self.silence.begins()
        self._is_in_turn = False
        self.doing = ""
        if conversation != self.conversation:
            self.has_begun = False
        self.conversation = conversation
        self.to("starting")

    def ended(self) -> None:
        """The claude is gone; whatever it did is over."""
        self._is_in_turn = False
        self.silence.nothing_said()
        self._waiting.screen_gone()
        self.doing = ""

    # -- what waits for a person

    @property
    def is_asking(self) -> bool:
        """Whether something on the screen waits for a person."""
        return self._waiting.is_open

    def asks(self, tool: str) -> None:
        """The tool whose call waits for a person's word; empty: none does any more."""
        if self._waiting.calls(tool):
            self.silence.heard()  # nothing was to be heard meanwhile

    # -- hooks

    def hook(self, event: hooks.HookEvent) -> tuple[Effect, ...]:
        """Note an event of the session's hooks."""
        self.silence.heard()
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
                effects = self._turn_ended(TurnEnded.failed(event, self._limit_ends_ms))
            case _:
                pass
        return effects

    def _conversation_began(self, conversation: str, model: str) -> tuple[Effect, ...]:
        self.model = model or self.model
        changed = conversation != self.conversation
        # The first line of a headless session may be heard before its conversation is known.
        is_another = changed and bool(self.conversation)
        was_turn = self._is_in_turn and is_another
        if is_another:
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
        if is_wake(prompt):
            shown = (*shown, Woken())
        if self._is_in_turn:
            return shown
        return (*self.turn_began(is_by_human=is_of_person(prompt)), *shown)

    def turn_began(self, *, is_by_human: bool) -> tuple[Effect, ...]:
        """A turn begins; nothing when one runs."""
        if self._is_in_turn:
            return ()
        self.turn += 1
        self._is_in_turn = self.has_begun = True
        self.silence.turn_began()
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

    def stream(self, event: lines.StreamEvent) -> tuple[Effect, ...]:
        """Note a line of a headless session."""
        was_said = self.silence.answered()
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
            case lines.LineState() if event.is_lost:
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
        how = TurnEnded.resulted(event, self.limited_until_ms)
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
            self.silence.title_turned()
        self.title = title

    # -- time

    def looked_at(self, said: SessionFile | None = None) -> tuple[Effect, ...]:
        """Note that time went by: a turn may have been interrupted, or have stalled.

        ``said`` is what an interactive session wrote down of itself, None where it does not.
        """
        self.silence.looked()
        if why := self.silence.unread:
            return self._unheard(why)
        if self._waiting.shows(said):
            self.silence.heard()
        if not self.hears_hooks and said is not None:
            return self._said_itself(said)
        is_watched = self._is_in_turn and not self.is_asking
        return self._watched(said) if is_watched else ()

    def _watched(self, said: SessionFile | None) -> tuple[Effect, ...]:
        is_rest = self.silence.is_rest(said, has_idle_title=is_idle_title(self.title))
        if self.kind == "interactive" and is_rest:
            return self._turn_ended(TurnEnded(is_well=False, error=""))
        if self.silence.is_long:
            self.to("stalled", f"nothing heard for {self.silence.lasts_ms // 60_000} min")
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

    def _unheard(self, why: str) -> tuple[Effect, ...]:
        """A line was given, and nothing came back that is an event: it was not read."""
        self.silence.nothing_said()
        ended = self._turn_ended(TurnEnded(is_well=False, error="claude does not answer"))
        self.to("deaf", f"claude does not answer; {why}")
        return ended
