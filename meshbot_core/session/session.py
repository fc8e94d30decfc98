"""One agent's session: everything that it tells, and everything that reaches it.

``Supervisor`` gives it processes, one after the other; what is here outlives each of them.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.claude import answers, hooks
from meshbot_core.claude import stream as lines
from meshbot_core.claude.calls import call_text
from meshbot_core.claude.prompts import is_of_person
from meshbot_core.claude.statusline import StatusReport
from meshbot_core.session.effects import Effect
from meshbot_core.session.following import Following
from meshbot_core.session.leases import Leases
from meshbot_core.session.pauses import Pauses
from meshbot_core.session.pusher import Pusher
from meshbot_core.session.records import Hop, SessionOptions, SessionView
from meshbot_core.session.self_report import SelfReports
from meshbot_core.session.surroundings import Surroundings
from meshbot_core.session.tool_server import ToolServer
from meshbot_core.session.tracker import Tracker
from meshbot_core.session.waiters import Waiters
from meshbot_core.session.ways import SessionWays
from meshbot_core.terminal.reports import is_report
from meshbot_core.types import new_id

_LOOK_S: Final = 1.0
_PROMPT_WITHIN_MS: Final = 6_000
"""By then Claude Code is at its prompt, unless a dialog of its own stands before it."""


@dataclass(slots=True)
class Session:
    """The session's state and its messages; ``lease_session`` holds its leases."""

    options: SessionOptions
    around: Surroundings
    lease_session: str
    reports: SelfReports | None = None
    hears_hooks: bool = True
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    tracker: Tracker = field(init=False)
    waiters: Waiters = field(default_factory=Waiters)
    ways: SessionWays = field(init=False)
    leases: Leases = field(init=False)
    pusher: Pusher = field(init=False)
    tools: ToolServer = field(init=False)
    _pauses: Pauses = field(init=False)
    _following: Following = field(init=False)
    _last_shown: str = ""
    _last_look: tuple[str, str, str] = ("", "", "")

    def __post_init__(self) -> None:
        around = self.around
        self.waiters.changed = self.waiter_changed
        self.tracker = Tracker(self.options.kind, around.clock, hears_hooks=self.hears_hooks)
        self.ways = SessionWays(
            self.options,
            self.tracker,
            self.waiters,
            around.guard,
            around.post_native,
            self.reports,
        )
        self.leases = Leases(
            session=self.lease_session,
            mailbox=around.mailbox,
            tracker=self.tracker,
            clock=around.clock,
            may_show=self.ways.may_show,
        )
        self.pusher = Pusher(
            leases=self.leases,
            mailbox=around.mailbox,
            tracker=self.tracker,
            ways=self.ways,
            clock=around.clock,
        )
        self._pauses = Pauses(self.options, around, self.tracker, self.pusher)
        self._following = Following(around, self.pusher, self._pauses, self._changed)
        self.tools = ToolServer(self.tracker, around.clock, around.log, self.ways.type_line)
        self.ways.told = lambda hop: around.log.write("pushed", hop)
        self.ways.wants_calm = lambda: self.tools.wants_calm

    async def run(self) -> None:
        """Look after the session until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pusher.run())
            group.create_task(self._following.run())
            group.create_task(self._look())

    # -- what it tells

    async def hook(self, event: hooks.HookEvent) -> bytes:
        """Note a hook's event and answer it."""
        if isinstance(event, hooks.PermissionRequest):
            return await self._permission(event)
        self._heard(self.tracker.hook(event))
        if isinstance(event, hooks.PostToolUse | hooks.PostToolUseFailure):
            self.around.approvals.was_called(event.tool, event.tool_input)
        if isinstance(event, hooks.UserPromptSubmit) and is_of_person(event.prompt):
            self.ways.is_typed = False
        self._note(event)
        if isinstance(event, hooks.PostToolUse) and not event.is_of_subagent:
            text = await self.pusher.inject()
            return answers.with_context("PostToolUse", text) if text else answers.NO_ANSWER
        return answers.NO_ANSWER

    def _note(self, event: hooks.HookEvent) -> None:
        match event:
            case hooks.StopFailure():
                self.around.log.write("failed", event.details or event.error)
            case hooks.Stop() if self.options.kind == "interactive":
                self.around.log.write("said", event.last_text)
            case hooks.PreToolUse():
                self.around.log.write("tool", self.tracker.doing)
            case hooks.SessionEnd():
                self.around.log.write("conversation ended", event.reason)
            case _:
                pass

    async def _permission(self, event: hooks.PermissionRequest) -> bytes:
        """Let a person decide, here or at the terminal, whoever is first."""
        decision = await self.around.approvals.ask(
            id=new_id(),
            kind="interactive",
            tool=event.tool,
            tool_input=event.tool_input,
            limit_s=None,
            has_suggestions=bool(event.suggestions),
        )
        if decision.behavior == "allow":
            kept = event.suggestions if decision.keeps_suggestions else ()
            return answers.permission_allowed(kept_rules=kept)
        if decision.behavior == "deny":
            return answers.permission_denied(decision.reason or "denied by the operator")
        return answers.NO_ANSWER

    def approvals_changed(self) -> None:
        """Something waits for a person's word, or does so no more."""
        waiting = self.around.approvals.waiting()
        self.tracker.asks(waiting[0].tool if waiting else "")
        self._changed()
        self.pusher.poke()

    def status_line(self, report: StatusReport) -> None:
        """Note what the status line told."""
        self._heard(self.tracker.status_line(report))

    def waiter_changed(self) -> None:
        """A waiter came or went."""
        self.pusher.poke()

    def stream(self, event: lines.StreamEvent) -> None:
        """Note a line of a headless session."""
        self._heard(self.tracker.stream(event))
        match event:
            case lines.AssistantSpoke() if event.text:
                self.around.log.write("said", event.text)
            case lines.TurnEnded():
                self._note_end(event)
            case lines.LineState() if event.is_lost:
                self.around.log.write("line", f"{event.line} {event.state}")
            case _:
                pass

    def _note_end(self, event: lines.TurnEnded) -> None:
        for denial in event.denials:
            self.around.log.write("denied", call_text(denial.tool, denial.tool_input))
        if event.is_error:
            self.around.log.write("failed", event.text)

    def garbled(self, line: str) -> None:
        """Note a line of a headless session that was no event."""
        self.around.log.write("garbage", line)
        self.tracker.silence.garbled(line)

    def said(self) -> None:
        """Note that a headless session was given a line."""
        self.tracker.silence.said()

    def titled(self, title: str) -> None:
        """Note the window's title."""
        self.tracker.titled(title)

    def typed(self, data: bytes) -> None:
        """Note that somebody typed into the session."""
        if not is_report(data):
            self.ways.is_typed = True
            self.ways.typed_ms = self.around.clock.now_ms()

    # -- what follows from it

    def _heard(self, effects: tuple[Effect, ...]) -> None:
        self._following.told(effects, turn=self.tracker.turn)
        self._changed()
        self.pusher.poke()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            said = self.ways.looked_at()
            effects = self.tracker.looked_at(said)
            if effects:
                if self.tracker.state == "deaf":
                    self.around.log.write("failed", self.tracker.reason)
                self._heard(effects)
            self._pauses.end_limit_if_over()
            self._pauses.pause_if_due()
            self._say_what_keeps_it()
            await self.tools.look()
            looked = (self.tracker.state, self.tracker.reason, self._hop())
            if looked != self._last_look:
                self._last_look = looked
                self._changed()

    def _say_what_keeps_it(self) -> None:
        tracker = self.tracker
        late_ms = self.around.clock.now_ms() - tracker.since_ms - _PROMPT_WITHIN_MS
        if tracker.state == "starting" and late_ms > 0:
            tracker.to(
                "starting",
                f"it may ask: is the folder trusted? see: meshbot attach {self.around.agent}",
            )

    def _hop(self) -> Hop:
        return self.ways.best(self.around.clock.now_ms() - self.tracker.since_ms)

    def resume(self) -> None:
        """A human has looked: go on at once, and tell them when a limit is met again."""
        self._pauses.resume()
        self._changed()

    def _changed(self) -> None:
        shown = f"{self.tracker.state} {self.tracker.reason}".strip()
        if shown != self._last_shown:
            self._last_shown = shown
            self.around.log.write("state", shown)
        self.around.changed()

    # -- how it is

    def view(self) -> SessionView:
        """The session as clients see it; the supervisor adds what it knows."""
        tracker, guard = self.tracker, self.around.guard
        return SessionView(
            kind=self.options.kind,
            state=tracker.state,
            since_ms=tracker.since_ms,
            started_at_ms=0,
            doing=tracker.doing,
            doing_since_ms=tracker.doing_since_ms,
            reason=tracker.reason,
            folder=self.options.folder,
            model=tracker.model,
            title=tracker.title,
            conversation=tracker.conversation,
            context_used=tracker.context_used,
            cost_usd=tracker.cost_usd,
            cost_today_usd=guard.cost_today_usd,
            turns=tracker.turn,
            hop=self._hop(),
            limited_until_ms=tracker.limited_until_ms or None,
            waits_for=tuple(each.id for each in self.around.approvals.waiting()),
        )

    def process_came(self) -> None:
        """A process was started."""
        if self.options.kind == "interactive":  # under -p Claude Code sees to its servers itself
            self.tools.started()

    async def process_gone(self) -> None:
        """The process ended: give back what it held, and let nobody wait for it."""
        self.ways.process_gone()
        self.tools.process_gone()
        await self._following.settled()
        self.tracker.ended()
        self.around.approvals.ended()
        await self.pusher.gone()
