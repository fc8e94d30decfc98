"""The session of one host: started and ended here, and told to whoever listens."""

import asyncio
import contextlib
import logging
import os
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MailboxError, MeshError, NoSessionError, SessionRunningError
from meshbot_core.host.api import ClientView
from meshbot_core.host.session_api import (
    ApprovalEvent,
    ApprovalPage,
    ApprovalRequest,
    LogEvent,
    NativeSocket,
    PushEvent,
    PushReport,
    RestartSession,
    SessionAnswer,
    SessionEvent,
    StopSession,
    WrittenResults,
)
from meshbot_core.host.streams import Streams
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import InboxMessage
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.approvals import Approvals
from meshbot_core.session.budget import CrashBudget
from meshbot_core.session.ending import keep_end, kept_end
from meshbot_core.session.guard import Guard
from meshbot_core.session.headless import HeadlessHands
from meshbot_core.session.interactive import TerminalHands
from meshbot_core.session.kept import SessionKept, forget_session, kept_session
from meshbot_core.session.ledger import decision_of, row_of
from meshbot_core.session.leftovers import end_leftovers
from meshbot_core.session.log import SessionLog
from meshbot_core.session.records import (
    Approval,
    Decision,
    Limits,
    SessionOptions,
    SessionView,
    Verdict,
)
from meshbot_core.session.rights import check_may_decide, parent_of
from meshbot_core.session.session import Session
from meshbot_core.session.starting import prepared
from meshbot_core.session.supervisor import Supervisor
from meshbot_core.session.surroundings import Surroundings
from meshbot_core.session.ways import Push
from meshbot_core.terminal.viewers import Viewers
from meshbot_core.types import Clock

log = logging.getLogger(__name__)

_GUARD_NOTE: Final = "guard"
_ASKS: Final = "it waits for an answer of yours: meshbot inbox"
_GIVE_BACK_AGAIN_S: Final = 1.0
_GOES_ON_WITHIN_S: Final = 20.0
_RESTART_GRACE_S: Final = 5.0
_QUIET_S: Final = 0.1
"""Changes that come close together are told as one."""


@dataclass(slots=True)
class SessionDesk:
    """Everything that concerns the session of one host; ``running`` first."""

    agent: AgentPaths
    mailbox: Mailbox
    clock: Clock
    streams: Streams
    changed: Callable[[], None]
    tell_operator: Callable[[str], Coroutine[None, None, None]]
    approvals: Approvals = field(init=False)
    guard: Guard = field(init=False)
    _log: SessionLog = field(init=False)
    _group: asyncio.TaskGroup | None = None
    _supervisor: Supervisor | None = None
    _terminal: TerminalHands | None = None
    _own_clients: set[str] = field(default_factory=set)
    """MCP servers that the session's own claude started."""
    _is_starting: bool = False
    _is_ready: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _told: SessionView | None = None
    _guard_kept: str = ""
    _is_down: bool = False
    """The last session crashed for good, maybe under another host."""
    _asks_operator_ms: int = 0
    """Since when an ask to the person is open; 0: none is."""

    def __post_init__(self) -> None:
        self.guard = Guard(Limits(), self.clock)
        self._log = SessionLog(self.agent.session_log, self.clock, self._logged)
        self.approvals = Approvals(
            agent=self.agent.agent,
            clock=self.clock,
            keep=self._keep_decision,
            changed=self._approval_changed,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after the session until the block ends; goes on with that of a dead host."""
        if self.agent.session_json.exists():  # one ran as the last host died
            await asyncio.to_thread(end_leftovers, self.agent)
        self._is_down = await asyncio.to_thread(kept_end, self.agent) is not None
        async with asyncio.TaskGroup() as group:
            self._group = group
            telling = group.create_task(self._tell())
            if (kept := kept_session(self.agent)) is not None:
                group.create_task(self._go_on(kept))
            else:
                self._is_ready.set()
            try:
                yield
            finally:
                if self._supervisor is not None:
                    await self._supervisor.host_ends()
                telling.cancel()
                self._group = None
                self._is_ready.set()

    async def ready(self) -> None:
        """Return once it is known what became of the last host's session."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOES_ON_WITHIN_S):
                await self._is_ready.wait()

    # -- start and end

    async def start(
        self, options: SessionOptions, *, kept: SessionKept | None = None
    ) -> SessionAnswer:
        """Start a session.

        Raises:
            SessionRunningError: One runs.
            MeshError: It cannot be started; nothing was changed.
        """
        if kept is None:
            await self.ready()
        if self._is_starting or (self._supervisor and not self._supervisor.ended.is_set()):
            raise SessionRunningError(
                f"{self.agent.agent!r} has a session already{self._whose()}",
                hint=f"see it with: meshbot attach {self.agent.agent}",
            )
        if self._group is None:
            raise NoSessionError("this host is ending")
        self._is_starting = True
        try:
            supervisor = await self._supervised(options, kept)
            if self._group is None:
                raise NoSessionError("this host is ending")
            self._supervisor, self._is_down = supervisor, False
            self._group.create_task(self._supervise(supervisor))
            await supervisor.came_up.wait()
        finally:
            self._is_starting = False
        return self.answer()

    def _whose(self) -> str:
        pid = self._supervisor.view().pid if self._supervisor else None
        return f" (claude's pid {pid}, its host's {os.getpid()})" if pid else ""

    async def _supervised(self, options: SessionOptions, kept: SessionKept | None) -> Supervisor:
        ready = await asyncio.to_thread(prepared, self.agent, options)
        self.approvals.forget_rules()
        self.guard = await self._guarding(options.limits)
        session = Session(
            ready.settled,
            self._surroundings(),
            _lease_session(),
            ready.reports,
            hears_hooks=ready.hears_hooks,
        )
        hands: TerminalHands | HeadlessHands
        if options.kind == "interactive":
            hands = self._terminal = TerminalHands(
                options.columns, options.rows, on_title=session.titled, on_typed=session.typed
            )
        else:
            self._terminal = None
            hands = HeadlessHands(
                on_event=session.stream,
                on_garbage=session.garbled,
                on_said=session.tracker.silence.said,
            )
        supervisor = Supervisor(self.agent, ready, session, hands, self.clock)
        if kept is not None:
            supervisor.conversation = kept.conversation
            supervisor.can_resume = kept.has_begun
            supervisor.budget = CrashBudget(list(kept.restarted_at_ms))
        return supervisor

    async def _go_on(self, kept: SessionKept) -> None:
        """Start the session again that the last host had; a crash of it counts as one."""
        try:
            await self._gone_on(kept)
        finally:
            self._is_ready.set()

    async def _gone_on(self, kept: SessionKept) -> None:
        budget = CrashBudget(list(kept.restarted_at_ms))
        pause_s = budget.take(self.clock.now_ms())
        if pause_s is None or kept.options.restart == "never":
            self._stays_down("the host died too often")
            forget_session(self.agent)
            return
        kept = kept.model_copy(update={"restarted_at_ms": tuple(budget.restarted_at_ms)})
        try:
            await self.start(kept.options, kept=kept)
        except MeshError as error:
            self._stays_down(f"it could not be started again: {error}")
            log.warning("the session could not be started again: %s", error)

    def _stays_down(self, why: str) -> None:
        self._log.write("crashed", why)
        keep_end(self.agent, why, self.clock.now_ms())
        self._is_down = True

    async def _supervise(self, supervisor: Supervisor) -> None:
        await supervisor.run()
        # A full disk may have kept its messages from being given back.
        while self._group is not None:
            try:
                await self.mailbox.give_back(session=supervisor.session.lease_session)
            except MailboxError as error:
                log.warning("what the session held is given back later: %s", error)
                await asyncio.sleep(_GIVE_BACK_AGAIN_S)
            else:
                return

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            agent=self.agent.agent,
            mailbox=self.mailbox,
            clock=self.clock,
            approvals=self.approvals,
            guard=self.guard,
            log=self._log,
            changed=self._changed,
            post_native=self._post_native,
            ask_operator=self._ask_operator,
        )

    def _ask_operator(self, reason: str) -> None:
        if self._group is not None:
            self._group.create_task(
                self.tell_operator(
                    f"I am paused: {reason}. Nothing reaches my session until a human says: "
                    f"meshbot resume {self.agent.agent}"
                )
            )

    async def _guarding(self, limits: Limits) -> Guard:
        """The guard as the last session left it: what today cost outlives a session."""
        return Guard.restored(limits, self.clock, await self.mailbox.note(_GUARD_NOTE))

    async def _keep_guard(self) -> None:
        snapshot = self.guard.snapshot()
        if self._supervisor is not None and snapshot != self._guard_kept:
            self._guard_kept = snapshot
            await self.mailbox.set_note(_GUARD_NOTE, snapshot)

    async def stop(self, call: StopSession) -> SessionAnswer:
        """End the session; returns when it has ended."""
        await self._running_session().stop(signal_name=call.signal_name, timeout_s=call.timeout_s)
        return self.answer()

    async def restart(self, call: RestartSession) -> SessionAnswer:
        """End claude and start it again, in the same conversation if it can be.

        Raises:
            NoSessionError: None runs.
            MeshError: It cannot be started with the new options; the old session runs on.
        """
        running = self._running_session()
        if call.options is None:
            await running.restart()
            return self.answer()
        ready = await asyncio.to_thread(prepared, self.agent, call.options)
        await running.stop(signal_name="SIGTERM", timeout_s=_RESTART_GRACE_S)
        kept = running.kept(call.options) if running.prepared.begins_like(ready) else None
        return await self.start(call.options, kept=kept)

    async def resume(self, pid: int | None = None) -> SessionAnswer:
        """Lift the guard's pause; end a wait for a limit of the API.

        Raises:
            DecisionForbiddenError: The asking process belongs to a session.
        """
        await self.check_is_human(pid)
        self._running_session().session.resume()
        return self.answer()

    def _running_session(self) -> Supervisor:
        if self._supervisor is None or self._supervisor.ended.is_set():
            raise NoSessionError(
                f"{self.agent.agent!r} has no session",
                hint=f"start one with: meshbot start --as {self.agent.agent}",
            )
        return self._supervisor

    # -- how it is

    @property
    def is_needed(self) -> bool:
        """Whether the host must stay for its session."""
        return self._is_starting or bool(self._supervisor and not self._supervisor.ended.is_set())

    @property
    def takes_pushes(self) -> bool:
        """Whether messages are shown in the session, or are on their way into one."""
        session = self.session
        return self.is_needed and (session is None or session.hears_hooks)

    @property
    def session(self) -> Session | None:
        """The session that runs, None when there is none."""
        return self._supervisor.session if self._supervisor and self.is_needed else None

    def view(self) -> SessionView | None:
        """How the session is, or how the last one ended."""
        if self._supervisor is None:
            return None
        view = self._supervisor.view()
        if view.state == "working" and self._asks_operator_ms:
            asks = {"state": "asks_operator", "reason": _ASKS, "since_ms": self._asks_operator_ms}
            return view.model_copy(update=asks)
        return view

    def state_word(self) -> str:
        """What the session does, for peers that ask how this agent is."""
        view = self.view()
        if view is not None and (not view.is_over or view.state == "crashed"):
            return view.state.replace("_", " ")
        return "crashed" if self._is_down else ""

    def asks_operator(self, *, is_open: bool) -> None:
        """An ask of this agent waits for the person, or none does any more."""
        self._asks_operator_ms = self.clock.now_ms() if is_open else 0
        if self.session is not None:
            self._log.write("asks you" if is_open else "asks you no more")
        self._changed()

    def answer(self) -> SessionAnswer:
        """The session, and what it was started with."""
        options = self._supervisor.prepared.options if self._supervisor else None
        return SessionAnswer(
            session=self.view(),
            options=options.model_copy(update={"inherited": {}}) if options else None,
        )

    def viewers(self) -> Viewers:
        """The session's screen and those who watch it.

        Raises:
            NoSessionError: There is none, or it has no screen.
        """
        if self._terminal is None:
            raise NoSessionError(
                f"{self.agent.agent!r} has no session with a screen",
                hint=f"see what it does with: meshbot logs {self.agent.agent} -f",
            )
        return self._terminal.viewers

    def may_send(self) -> None:
        """Let the session's agent send one more message, or not.

        Raises:
            GuardPausedError: It sends too many.
        """
        if self.is_needed:
            self.guard.may_send()
            self.guard.message_sent()

    def hops(self) -> int:
        """How many messages led to one that this session's turn writes now."""
        session = self.session
        return session.leases.next_hops if session else 0

    def saw(self, messages: tuple[InboxMessage, ...]) -> None:
        """The session's model was shown these by a tool's result."""
        if (session := self.session) is not None:
            session.leases.saw(messages)

    def poke(self) -> None:
        """A message came in."""
        if (session := self.session) is not None:
            session.pusher.arrived()

    def _changed(self) -> None:
        if self._supervisor is not None:
            self._supervisor.noticed()
        self._news.set()
        self.changed()

    def _logged(self, what: str, text: str) -> None:
        self.streams.publish(LogEvent(what=what, text=text))

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            view = self.view()
            if view != self._told:
                self._told = view
                self.streams.publish(SessionEvent(session=view))
            try:
                await self._keep_guard()
            except MailboxError as error:
                log.warning("the guard's state cannot be kept: %s", error)
            await asyncio.sleep(_QUIET_S)

    # -- pushes through the session's own socket

    def _post_native(self, client: str, push: Push) -> bool:
        event = PushEvent(frame_id=push.frame_id, text=push.text, sender_name=push.sender)
        return self.streams.publish_to(client, event)

    def native_came(self, call: NativeSocket) -> None:
        """A client can post to its session's own socket."""
        if (session := self.session) is not None:
            session.ways.native_came(call.session, call.claude_pid)
            session.pusher.poke()

    def client_came(self, client: ClientView) -> None:
        """A client opened an event stream: it may be the MCP server of our own claude."""
        session = self.session
        if session is None or client.kind != "serve" or session.ways.process is None:
            return
        if parent_of(client.pid) == session.ways.process.pid:
            self._own_clients.add(client.session)
            if session.options.kind == "interactive":
                # A headless Claude Code starts a lost server again by itself.
                session.tools.came(client.session)

    def client_left(self, client: str, *, is_vanished: bool) -> None:
        """A client's event stream ended, ``is_vanished`` without a goodbye."""
        if (session := self.session) is not None:
            if is_vanished:
                session.tools.vanished(client)
            else:
                session.tools.said_goodbye(client)
            self._own_clients.discard(client)
            if session.ways.native_left(client):
                session.pusher.native_left()

    def results_written(self, call: WrittenResults) -> None:
        """Results of a client's tool calls are on their way to the model."""
        session = self.session
        if session is not None and call.session in self._own_clients:
            session.leases.was_written(call.lease_ids)

    async def push_reported(self, call: PushReport) -> None:
        """What became of a push."""
        # What is held waits for the human at the terminal, who may still let it in.
        if (session := self.session) is None or call.state == "held":
            return
        if call.state == "written":
            session.leases.written(call.frame_id)
            return
        self._log.write("push", f"{call.state} {call.reason}")
        await session.pusher.failed(call.frame_id)

    # -- approvals

    async def ask(self, call: ApprovalRequest) -> Decision:
        """Let a person decide about a headless session's tool call."""
        session = self.session
        if session is None:
            raise NoSessionError("no session of this host runs")
        return await self.approvals.ask(
            id=call.id,
            kind="headless",
            tool=call.tool,
            tool_input=call.tool_input,
            limit_s=session.options.approval_limit_s,
        )

    async def decide(
        self, approval_id: str, verdict: Verdict, *, pid: int | None, uid: int | None
    ) -> Decision:
        """Take a person's word.

        Raises:
            DecisionForbiddenError: The deciding process belongs to a session.
        """
        await self.check_is_human(pid)
        return await self.approvals.decide(approval_id, verdict, pid=pid, uid=uid)

    async def check_is_human(self, pid: int | None) -> None:
        """Refuse what a session is not to do for itself.

        Raises:
            DecisionForbiddenError: The process belongs to a session.
        """
        claude = self._supervisor.view().pid if self._supervisor else None
        await asyncio.to_thread(check_may_decide, pid, (claude,) if claude else ())

    async def approval_page(self, history: int) -> ApprovalPage:
        """What waits, and the newest decisions."""
        rows = await self.mailbox.decisions(history) if history else ()
        return ApprovalPage(
            approvals=self.approvals.waiting(),
            decisions=tuple(decision_of(row) for row in rows),
        )

    async def _keep_decision(self, decision: Decision) -> None:
        await self.mailbox.keep_decision(row_of(decision))

    def _approval_changed(self, approval: Approval, decision: Decision | None) -> None:
        said = f"{approval.tool} {approval.id}"
        if decision is None:
            self._log.write("asks approval", said)
        else:
            self._log.write(decision.behavior, f"{said} by {decision.by}")
        self.streams.publish(ApprovalEvent(approval=approval, decision=decision))
        if (session := self.session) is not None:
            session.approvals_changed()


def _lease_session() -> str:
    return f"session-{os.getpid()}-{uuid.uuid4().hex}"
