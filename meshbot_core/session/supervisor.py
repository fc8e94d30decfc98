"""Keeping a session's claude alive: start, crash, restart, wanted end."""

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.claude.launch import Launch
from meshbot_core.errors import MeshError, NoSessionError, SessionError
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.budget import MOST, WINDOW_MS, CrashBudget
from meshbot_core.session.death import Death
from meshbot_core.session.ending import forget_end, keep_end
from meshbot_core.session.hands import Hand, Hands
from meshbot_core.session.hook_listener import hook_listener
from meshbot_core.session.kept import SessionKept, forget_session, keep_session
from meshbot_core.session.leftovers import end_leftovers
from meshbot_core.session.records import SessionOptions, SessionView
from meshbot_core.session.session import Session
from meshbot_core.session.starting import Prepared
from meshbot_core.types import Clock, new_id

_LATE_GRACE_S: Final = 1.0
_NOT_STARTED: Final = 127
_DECLINED: Final = "it was ended at a dialog before its prompt"
_GOES_ON: Final = "its host ended; the next one goes on with it"
_SIGNALS: Final = ("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL", "SIGQUIT")


@dataclass(slots=True)
class Supervisor:
    """One session's processes, one after the other; made for each session anew."""

    agent: AgentPaths
    prepared: Prepared
    session: Session
    hands: Hands
    clock: Clock
    conversation: str = ""
    can_resume: bool = False
    budget: CrashBudget = field(default_factory=CrashBudget)
    started_at_ms: int = 0
    exit_status: int | None = None
    restarts: int = 0
    notices: tuple[str, ...] = ()
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    came_up: asyncio.Event = field(default_factory=asyncio.Event)
    """A process was started, or could not be."""
    _hand: Hand | None = None
    _failure: str = ""
    """Why the last process could not be started."""
    _is_stopping: bool = False
    _is_restarting: bool = False
    _is_host_ending: bool = False
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _is_wanted_now: asyncio.Event = field(default_factory=asyncio.Event)
    """The pause after a crash is cut short."""

    async def run(self) -> None:
        """Run the session to its last end."""
        self.started_at_ms = self.clock.now_ms()
        forget_end(self.agent)
        try:
            async with (
                hook_listener(self.session, token=self.session.token) as listener,
                asyncio.TaskGroup() as group,
            ):
                looking = group.create_task(self.session.run())
                while await self._one_life(listener.url):
                    pass
                looking.cancel()
        finally:
            self._leave()
            self.came_up.set()
            self.ended.set()
            self.hands.over(self.exit_status, self.session.tracker.reason)
            self.session.around.changed()

    def _leave(self) -> None:
        """What is left for the next host: the session, if its end was not wanted."""
        tracker = self.session.tracker
        if self._is_stopping or tracker.state in ("stopped", "crashed"):
            forget_session(self.agent)
        if tracker.state == "crashed" and not self._is_stopping:
            keep_end(self.agent, tracker.reason, self.clock.now_ms())

    async def _one_life(self, hook_url: str) -> bool:
        """One process from start to end; whether another shall follow."""
        if self._stopped.is_set():
            self._ended_between()
            return False
        self._is_wanted_now.clear()
        resume = self.conversation if self.can_resume else None
        if resume is None:
            self.conversation = new_id()
        launch = self.prepared.launch(
            hook_url=hook_url, conversation=self.conversation, resume=resume
        )
        self.notices = launch.notices
        began_ms = self.clock.now_ms()
        self.session.tracker.started(resume or "")
        self.keep()
        status = await self._lived(launch, hook_url)
        death = self._death(status, is_resumed=bool(resume))
        if death.is_lost:
            # Killed before its first word was written down, it is not known to Claude Code.
            self.session.around.log.write(
                "lost", f"{resume} could not be resumed; a new one begins"
            )
            self.can_resume = self.session.tracker.has_begun = False
        elif self.session.tracker.conversation:
            self.conversation = self.session.tracker.conversation
            self.can_resume = self.session.tracker.has_begun or bool(resume)
        self.exit_status = status
        last_words = self._failure or self.hands.last_words()
        await self.session.process_gone()
        if status:
            # Who ends well has ended what it started.
            await asyncio.to_thread(end_leftovers, self.agent)
        return await self._after(death, last_words, self.clock.now_ms() - began_ms)

    def _ended_between(self) -> None:
        if self._is_stopping:
            self.session.tracker.to("stopped")
        else:
            self.session.tracker.to("starting", _GOES_ON)

    def _death(self, status: int, *, is_resumed: bool) -> Death:
        return Death(
            status,
            is_resumed=is_resumed,
            is_by_us=self._stopped.is_set() or self._is_restarting,
            is_before_prompt=self.session.tracker.state == "starting",
            typed_ago_ms=self.clock.now_ms() - self.session.ways.typed_ms,
        )

    async def _lived(self, launch: Launch, hook_url: str) -> int:
        self._failure = ""
        environment = self.prepared.environment(hook_url=hook_url, token=self.session.token)
        words = [str(self.prepared.binary.path), *launch.arguments]
        try:
            async with self.hands.started(words, environment, self.prepared.folder) as hand:
                self._hand = self.session.ways.process = hand
                self.session.process_came()
                if self._stopped.is_set():
                    await hand.end(signal.SIGTERM, _LATE_GRACE_S)
                self.session.around.log.write("started", f"claude, pid {hand.pid}")
                if self.session.options.kind == "headless":
                    self.session.tracker.to("idle")
                if launch.prompt:
                    self.session.tracker.turn_began(is_by_human=True)
                    # One that has ended meanwhile is found so below.
                    with contextlib.suppress(NoSessionError):
                        await hand.say(launch.prompt, new_id())
                self.came_up.set()
                self.session.around.changed()
                return await hand.wait()
        except (OSError, MeshError) as error:
            self._failure = str(error)
            self.session.around.log.write("failed", f"claude could not be started: {error}")
            return _NOT_STARTED
        finally:
            self._hand = None

    async def _after(self, death: Death, last_words: str, lived_ms: int) -> bool:
        """Decide what follows the end of a process; whether another shall be started."""
        self.session.around.log.write("ended", str(death))
        if self._is_host_ending and not self._is_stopping:
            self.session.tracker.to("starting", _GOES_ON)
            return False
        if self._is_restarting and not self._is_stopping:
            self._is_restarting = False
            return True
        has_begun = self.session.tracker.has_begun
        if self._is_stopping or death.is_wanted(lived_ms, has_begun=has_begun):
            is_no = death.is_declined and not self._is_stopping
            self.session.tracker.to("stopped", _DECLINED if is_no else "")
            return False
        reason = f"claude {death}" + (f": {last_words}" if last_words else "")
        return await self._after_crash(reason, may_restart=death.status != 0)

    async def _after_crash(self, reason: str, *, may_restart: bool) -> bool:
        tracker = self.session.tracker
        may_restart &= self.prepared.options.restart != "never"
        pause_s = self.budget.take(self.clock.now_ms()) if may_restart else None
        if pause_s is None:
            if may_restart:
                minutes = WINDOW_MS // 60_000
                reason += f"; it was started again {MOST} times in {minutes} minutes, no more"
            tracker.to("crashed", reason)
            self.session.around.log.write("crashed", reason)
            return False
        tracker.to("crashed", f"{reason}; started again in {pause_s:g} s")
        self.restarts += 1
        self.session.around.changed()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._is_wanted_now.wait()
        if self._is_host_ending and not self._is_stopping:
            tracker.to("starting", _GOES_ON)
        return not self._stopped.is_set()

    # -- what a person wants

    async def stop(self, *, signal_name: str, timeout_s: float) -> None:
        """End the session for good; returns when it has ended.

        Raises:
            SessionError: There is no signal of that name.
        """
        if signal_name not in _SIGNALS:
            raise SessionError(
                f"{signal_name!r} is no signal to end with", hint=f"one of: {', '.join(_SIGNALS)}"
            )
        self._is_stopping = True
        self._stop_waiting()
        await self._end(getattr(signal, signal_name), timeout_s)
        await self.ended.wait()
        forget_session(self.agent)

    async def restart(self) -> None:
        """End claude and start it again in the same conversation.

        Raises:
            NoSessionError: It ended meanwhile.
        """
        self.came_up.clear()
        # In the pause after a crash there is none to end; the next one comes at once.
        self._is_restarting = self._hand is not None
        self._is_wanted_now.set()
        await self._end(signal.SIGTERM, 5.0)
        await self.came_up.wait()
        if self.ended.is_set():
            raise NoSessionError("the session ended before it could be started again")

    async def host_ends(self) -> None:
        """The host ends: claude ends with it, and the next host goes on."""
        self._is_host_ending = True
        self._is_restarting = False
        self._stop_waiting()
        await self._end(signal.SIGTERM, 1.2)

    def _stop_waiting(self) -> None:
        self._stopped.set()
        self._is_wanted_now.set()

    async def _end(self, number: signal.Signals, grace_s: float) -> None:
        if self._hand is not None:
            await self._hand.end(number, grace_s)

    # -- how it is

    def kept(self, options: SessionOptions) -> SessionKept:
        """What goes on with this conversation, under ``options``."""
        return SessionKept(
            options=options,
            conversation=self.conversation,
            has_begun=self.can_resume,
            restarted_at_ms=tuple(self.budget.restarted_at_ms),
        )

    def keep(self) -> None:
        """Write down what a later host needs to go on."""
        options = self.prepared.options.model_copy(update={"inherited": {}})
        keep_session(self.agent, self.kept(options))

    def noticed(self) -> None:
        """The session changed: write down when it can be resumed, or is another."""
        tracker = self.session.tracker
        can_resume = tracker.has_begun or self.can_resume
        conversation = tracker.conversation or self.conversation
        if (conversation, can_resume) != (self.conversation, self.can_resume):
            self.conversation, self.can_resume = conversation, tracker.has_begun
            self.keep()

    def view(self) -> SessionView:
        """The session as clients see it."""
        return self.session.view().model_copy(
            update={
                "started_at_ms": self.started_at_ms,
                "pid": self._hand.pid if self._hand else None,
                "claude_version": str(self.prepared.binary.version),
                "restarts": self.restarts,
                "restarts_left": self.budget.left(self.clock.now_ms()),
                "exit_status": self.exit_status,
                "is_over": self.ended.is_set(),
                "viewers": self.hands.viewer_count(),
                "notices": self.notices,
            }
        )
