"""The session of one host: started, started again, and ended here."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MailboxError, NoSessionError, SessionRunningError
from meshbot_core.host.approval_desk import ApprovalDesk
from meshbot_core.host.inheritance import Inheritance
from meshbot_core.host.session_api import (
    LogEvent,
    RestartSession,
    SessionAnswer,
    StopSession,
)
from meshbot_core.host.session_clients import SessionClients
from meshbot_core.host.session_mail import SessionMail
from meshbot_core.host.session_news import SessionNews
from meshbot_core.host.streams import Streams
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.kept import SessionKept
from meshbot_core.session.kept_guard import KeptGuard
from meshbot_core.session.log import SessionLog
from meshbot_core.session.making import supervised
from meshbot_core.session.records import SessionOptions
from meshbot_core.session.session import Session
from meshbot_core.session.starting import prepared
from meshbot_core.session.supervisor import Supervisor
from meshbot_core.session.surroundings import Surroundings
from meshbot_core.terminal.viewers import Viewers
from meshbot_core.types import Clock

log = logging.getLogger(__name__)

_GIVE_BACK_AGAIN_S: Final = 1.0
_RESTART_GRACE_S: Final = 5.0


@dataclass(slots=True)
class SessionDesk:
    """Has one session at most, and its parts around it; ``running`` first."""

    agent: AgentPaths
    mailbox: Mailbox
    clock: Clock
    streams: Streams
    changed: Callable[[], None]
    tell_operator: Callable[[str], Coroutine[None, None, None]]
    approvals: ApprovalDesk = field(init=False)
    clients: SessionClients = field(init=False)
    mail: SessionMail = field(init=False)
    news: SessionNews = field(init=False)
    _log: SessionLog = field(init=False)
    _guard: KeptGuard = field(init=False)
    _inheritance: Inheritance = field(init=False)
    _group: asyncio.TaskGroup | None = None
    _supervisor: Supervisor | None = None
    _is_starting: bool = False

    def __post_init__(self) -> None:
        self._log = SessionLog(self.agent.session_log, self.clock, self._logged)
        self._guard = KeptGuard(self.mailbox, self.clock)
        self._inheritance = Inheritance(
            self.agent, self.clock, self._log, lambda kept: self.start(kept.options, kept=kept)
        )
        self.news = SessionNews(self.streams, self._guard, lambda: self._supervisor)
        self.mail = SessionMail(self._guard, lambda: self.session, lambda: self.is_needed)
        self.clients = SessionClients(self.streams, self._log, lambda: self.session)
        self.approvals = ApprovalDesk(
            self.agent.agent,
            self.mailbox,
            self.clock,
            self.streams,
            self._log,
            session=lambda: self.session,
            claude_pid=self._claude_pid,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after the session until the block ends; goes on with that of a dead host."""
        kept = await self._inheritance.found()
        async with asyncio.TaskGroup() as group:
            self._group = group
            telling = group.create_task(self.news.tell())
            if kept is not None:
                group.create_task(self._inheritance.go_on(kept))
            else:
                self._inheritance.settle()
            try:
                yield
            finally:
                if self._supervisor is not None:
                    await self._supervisor.host_ends()
                telling.cancel()
                self._group = None
                self._inheritance.settle()

    async def ready(self) -> None:
        """Return once it is known what became of the last host's session."""
        await self._inheritance.known()

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
            self._supervisor, self._inheritance.is_down = supervisor, False
            self._group.create_task(self._supervise(supervisor))
            await supervisor.came_up.wait()
        finally:
            self._is_starting = False
        return self.news.answer()

    def _whose(self) -> str:
        pid = self._claude_pid()
        return f" (claude's pid {pid}, its host's {os.getpid()})" if pid else ""

    def _claude_pid(self) -> int | None:
        return self._supervisor.view().pid if self._supervisor else None

    async def _supervised(self, options: SessionOptions, kept: SessionKept | None) -> Supervisor:
        ready = await asyncio.to_thread(prepared, self.agent, options)
        self.approvals.requests.forget_rules()
        await self._guard.renew(options.limits)
        return supervised(ready, self._surroundings(), kept)

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
            approvals=self.approvals.requests,
            guard=self._guard.guard,
            log=self._log,
            changed=self._changed,
            post_native=self.clients.post_native,
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

    async def stop(self, call: StopSession) -> SessionAnswer:
        """End the session; returns when it has ended."""
        await self._running_session().stop(signal_name=call.signal_name, timeout_s=call.timeout_s)
        return self.news.answer()

    async def restart(self, call: RestartSession) -> SessionAnswer:
        """End claude and start it again, in the same conversation if it can be.

        Raises:
            NoSessionError: None runs.
            MeshError: It cannot be started with the new options; the old session runs on.
        """
        running = self._running_session()
        if call.options is None:
            await running.restart()
            return self.news.answer()
        ready = await asyncio.to_thread(prepared, self.agent, call.options)
        await running.stop(signal_name="SIGTERM", timeout_s=_RESTART_GRACE_S)
        kept = running.kept(call.options) if running.prepared.begins_like(ready) else None
        return await self.start(call.options, kept=kept)

    async def resume(self, pid: int | None = None) -> SessionAnswer:
        """Lift the guard's pause; end a wait for a limit of the API.

        Raises:
            DecisionForbiddenError: The asking process belongs to a session.
        """
        await self.approvals.check_is_human(pid)
        self._running_session().session.resume()
        return self.news.answer()

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

    def state_word(self) -> str:
        """What the session does, for peers that ask how this agent is."""
        view = self.news.view()
        if view is not None and (not view.is_over or view.state == "crashed"):
            return view.state.replace("_", " ")
        return "crashed" if self._inheritance.is_down else ""

    def asks_operator(self, *, is_open: bool) -> None:
        """An ask of this agent waits for the person, or none does any more."""
        self.news.asks_operator_ms = self.clock.now_ms() if is_open else 0
        if self.session is not None:
            self._log.write("asks you" if is_open else "asks you no more")
        self._changed()

    def viewers(self) -> Viewers:
        """The session's screen and those who watch it.

        Raises:
            NoSessionError: There is none, or it has no screen.
        """
        viewers = self._supervisor.hands.viewers if self._supervisor else None
        if viewers is None:
            raise NoSessionError(
                f"{self.agent.agent!r} has no session with a screen",
                hint=f"see what it does with: meshbot logs {self.agent.agent} -f",
            )
        return viewers

    def _changed(self) -> None:
        if self._supervisor is not None:
            self._supervisor.noticed()
        self.news.changed()
        self.changed()

    def _logged(self, what: str, text: str) -> None:
        self.streams.publish(LogEvent(what=what, text=text))
