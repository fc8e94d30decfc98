"""The ways into a session: its stream, its own socket, its waiter, and at last its keyboard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from meshbot_core.claude.sessions import SessionFile
from meshbot_core.mailbox.records import InboxMessage
from meshbot_core.session.guard import Guard
from meshbot_core.session.records import Hop, SessionOptions
from meshbot_core.session.self_report import SelfReports
from meshbot_core.session.tracker import Tracker
from meshbot_core.session.waiters import Waiters

_PASTE_AFTER_MS: Final = 2000
_PASTE_BEGINS: Final = b"\x1b[200~"
_PASTE_ENDS: Final = b"\x1b[201~"
_WIPES_LINE: Final = b"\x15" * 2
"""Ctrl+u: once for the line before the cursor, once more to come to the line above."""
_RETURN_AFTER_S: Final = 0.15
"""Keys and text in one write would be one paste."""


@dataclass(frozen=True, slots=True)
class Push:
    """What is handed to a session at once; ``sender`` is the word that its person sees."""

    frame_id: str
    text: str
    sender: str


PostNative = Callable[[str, Push], bool]
"""Tells the MCP server of a client's session to post; False: it is gone."""


class Keyboard(Protocol):
    """A process of either kind, as far as text can be given to it."""

    @property
    def pid(self) -> int:
        """Its process id."""

    async def say(self, text: str, frame_id: str) -> None:
        """Give ``text`` to a headless session."""

    def write(self, data: bytes) -> None:
        """Type into an interactive one."""


@dataclass(frozen=True, slots=True)
class _Native:
    session: str
    claude_pid: int


@dataclass(slots=True)
class SessionWays:
    """What leads into one session now; ``process`` None while none runs."""

    options: SessionOptions
    tracker: Tracker
    waiters: Waiters
    guard: Guard
    post_native: PostNative
    reports: SelfReports | None = None
    process: Keyboard | None = None
    is_typed: bool = False
    """Something of a person may stand half typed at the prompt."""
    typed_ms: int = 0
    """When a person typed last."""
    told: Callable[[Hop], None] = lambda hop: None
    """Is told by which way something went into the session."""
    wants_calm: Callable[[], bool] = lambda: False
    """Whether nothing shall wake the session just now."""
    _natives: list[_Native] = field(default_factory=list)
    _last_said: SessionFile | None = None
    _wipe: bytes = b""
    """Takes away what was typed from here and not sent; it still stands at the prompt."""

    def process_gone(self) -> None:
        """The process ended, and with it what stood at its prompt."""
        self.process = None
        self.is_typed = False
        self._wipe = b""

    def native_came(self, session: str, claude_pid: int) -> None:
        """An MCP server can post to the socket of the session that it runs in."""
        self._natives = [each for each in self._natives if each.session != session]
        self._natives.append(_Native(session, claude_pid))

    def native_left(self, session: str) -> bool:
        """That MCP server is gone, or its socket is; whether it had one."""
        before = len(self._natives)
        self._natives = [each for each in self._natives if each.session != session]
        return len(self._natives) < before

    def _native(self) -> _Native | None:
        pid = self.process.pid if self.process else None
        return next((each for each in reversed(self._natives) if each.claude_pid == pid), None)

    def looked_at(self) -> SessionFile | None:
        """What an interactive session says of itself now."""
        is_silent = self.process is None or self.options.kind == "headless"
        pid = None if is_silent or self.process is None else self.process.pid
        self._last_said = self.reports.of(pid) if self.reports and pid else None
        return self._last_said

    def _is_at_prompt(self) -> bool:
        """Whether what is typed goes to the prompt, not to a dialog before it."""
        said = self._last_said
        return not self.tracker.is_asking and (said is None or said.status in ("", "idle"))

    def best(self, idle_ms: int) -> Hop:
        """The first way that serves: see ``Hop``."""
        if self.process is None:
            return "none"
        if self.options.kind == "headless":
            return "stream"
        return self._best_interactive(idle_ms)

    def _best_interactive(self, idle_ms: int) -> Hop:
        if self._native() is not None:
            return "native"
        if self.waiters.is_waiting(self.tracker.conversation):
            return "waiter"
        conversation = self.tracker.conversation
        # Before it is at its prompt, a dialog of claude's own could swallow what is typed.
        is_known = self._last_said is not None and self._last_said.status == "idle"
        has_begun = is_known or self.tracker.has_begun or self.waiters.has_waited(conversation)
        may_paste = idle_ms > _PASTE_AFTER_MS and not self.is_typed and has_begun
        return "paste" if may_paste and self._is_at_prompt() else "none"

    async def hand_over(self, hop: Hop, push: Push) -> bool:
        """Give ``push`` to the session by ``hop``."""
        process, native = self.process, self._native()
        if process is None or hop == "none":
            return False
        is_given = True
        match hop:
            case "stream":
                await process.say(push.text, push.frame_id)
            case "native":
                is_given = self._post(native, push)
            case "waiter":
                is_given = await self.waiters.wake(self.tracker.conversation, push.text)
            case "paste":
                is_given = await self.type_line(push.text)
        if is_given:
            self.told(hop)
        return is_given

    def _post(self, native: _Native | None, push: Push) -> bool:
        if native is None:
            return False
        is_given = self.post_native(native.session, push)
        if not is_given:
            # Nobody is there any more: the next try takes the next way.
            self.native_left(native.session)
        return is_given

    async def type_line(self, text: str) -> bool:
        """Type ``text`` and return at the prompt; False when that is not what would read it."""
        self.looked_at()
        process = self.process
        if process is None or self.options.kind == "headless":
            return False
        if self.is_typed or not self._is_at_prompt():
            return False
        typed_ms = self.typed_ms
        if self._wipe:
            process.write(self._wipe)
            await asyncio.sleep(_RETURN_AFTER_S)
        process.write(_PASTE_BEGINS + text.encode(errors="replace") + _PASTE_ENDS)
        await asyncio.sleep(_RETURN_AFTER_S)
        self.looked_at()
        is_same = self.process is process
        if not is_same or not self._is_at_prompt() or self.typed_ms != typed_ms:
            # Return would answer what came up, or send what somebody typed meanwhile.
            self.is_typed = is_same and self.typed_ms != typed_ms
            self._wipe = _WIPES_LINE * (1 + text.count("\n")) if is_same else b""
            return False
        process.write(b"\r")
        self._wipe = b""
        return True

    def may_push(self) -> bool:
        """Whether the guard lets messages through."""
        return not self.guard.pause_reason

    def may_wake(self) -> bool:
        """Whether a turn may begin now: nothing else is under way at the prompt."""
        return not self.wants_calm()

    def may_show(self, message: InboxMessage) -> bool:
        """Whether this message is not yet too far down a chain of messages."""
        return self.guard.may_show(message.hops)
