"""Being attached to a session: its screen on this terminal, until somebody leaves."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from meshbot_core.cli.detach_key import DetachKey
from meshbot_core.cli.painting import Painter
from meshbot_core.cli.show import note
from meshbot_core.cli.terminal_view import Terminal
from meshbot_core.clients.left_sessions import bring_back
from meshbot_core.clients.starting import shell_status, views
from meshbot_core.clients.text import plain
from meshbot_core.errors import HostUnavailableError, MeshError, NoSessionError
from meshbot_core.host.client import HostClient
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.terminal.frames import Ended
from meshbot_core.terminal.screen import ScrollbackPage

_AWAY_LIMIT_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.1
_HINT_S: Final = 1.0
_LAST_KEYS_S: Final = 0.3
_LEAVING: Final = (signal.SIGTERM, signal.SIGHUP)
_KILLED: Final = 128

Way = Literal["detached", "ended", "lost", "signal", "hung_up"]


@dataclass(frozen=True, slots=True)
class Left:
    """How it came to an end; ``status`` is what to end with."""

    way: Way
    status: int
    reason: str = ""


async def attach_here(
    agent: AgentPaths, terminal: Terminal, key: DetachKey, *, scrollback: int = 0
) -> int:
    """Show the session on the terminal until it ends or is left; returns the exit status.

    ``scrollback`` lines that have scrolled out come first, into the terminal's own scrollback.

    Raises:
        NoSessionError: There is none, or it has no screen.
    """
    columns, rows = terminal.size()
    await bring_back(agent)
    async with ScreenClient.connected(agent, columns=columns, rows=rows) as client:
        await _tell_of_key(agent, key)
        before = await client.scrollback(limit=scrollback) if scrollback else ScrollbackPage()
        left = await Attachment(agent, terminal, key, before).attached(client)
    _tell(agent, left)
    return left.status


async def _tell_of_key(agent: AgentPaths, key: DetachKey) -> None:
    """Say it once a mesh, for long enough to be read."""
    told = agent.mesh.folder / "attach.told"
    if told.exists():
        return
    note(f'{key.name} leaves "{plain(agent.agent)}" to itself; it goes on without you.')
    with contextlib.suppress(OSError):
        told.touch(mode=0o600)
    await asyncio.sleep(_HINT_S)


def _tell(agent: AgentPaths, left: Left) -> None:
    name = plain(agent.agent)
    in_mesh = "" if agent.mesh.mesh == "default" else f" -m {agent.mesh.mesh}"
    match left.way:
        case "detached" | "signal":
            note(f'"{name}" goes on; see it again with: meshbot attach {name}{in_mesh}')
        case "ended":
            why = f": {plain(left.reason)}" if left.reason else ""
            note(f'"{name}" has ended{why} (status {left.status})')
        case "lost":
            note(f'the host of "{name}" is gone{plain(left.reason)}; meshbot doctor tells more')
        case "hung_up":
            pass  # nobody is there to read it


@dataclass(slots=True)
class Attachment:
    """One terminal and one session, for as long as they are together."""

    agent: AgentPaths
    terminal: Terminal
    key: DetachKey
    before: ScrollbackPage = field(default_factory=ScrollbackPage)
    _painter: Painter = field(init=False)
    _client: ScreenClient | None = None
    _done: asyncio.Queue[Left] = field(default_factory=asyncio.Queue)
    _typed: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    _resized: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._painter = Painter(self.terminal)

    async def attached(self, client: ScreenClient) -> Left:
        """Stay until the session ends, the key comes, a signal comes or the terminal goes."""
        with self.terminal.raw(), self._listening():
            self._painter.begin(self.before)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._show(client)),
                    group.create_task(self._type()),
                    group.create_task(self._resize()),
                    group.create_task(self._tell_crashes()),
                ]
                left = await self._done.get()
                for task in tasks:
                    task.cancel()
            with contextlib.suppress(OSError):
                self._painter.leave(is_ended=left.way == "ended")
        return left

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_reader(self.terminal.stdin, self._read)
        loop.add_signal_handler(signal.SIGWINCH, self._resized.set)
        for number in _LEAVING:
            left = Left("hung_up" if number is signal.SIGHUP else "signal", _KILLED + number)
            loop.add_signal_handler(number, self._done.put_nowait, left)
        try:
            yield
        finally:
            loop.remove_reader(self.terminal.stdin)
            for number in (signal.SIGWINCH, *_LEAVING):
                loop.remove_signal_handler(number)

    # -- from the person

    def _read(self) -> None:
        data = self.terminal.read()
        if not data:
            asyncio.get_running_loop().remove_reader(self.terminal.stdin)
            self._done.put_nowait(Left("hung_up", _KILLED + signal.SIGHUP))
            return
        typed = self.key.split(data)
        if typed.data:
            self._typed.put_nowait(typed.data)
        if typed.is_detached:
            self._typed.put_nowait(b"")
            # What was typed before goes first, unless the host hangs.
            loop = asyncio.get_running_loop()
            loop.call_later(_LAST_KEYS_S, self._done.put_nowait, Left("detached", 0))

    async def _type(self) -> None:
        """Pass on what is typed, in order; keys for a host that is away are dropped."""
        while True:
            data = await self._typed.get()
            if not data:
                self._done.put_nowait(Left("detached", 0))
            elif self._client is not None:
                with contextlib.suppress(HostUnavailableError):
                    await self._client.type(data)

    async def _resize(self) -> None:
        while True:
            await self._resized.wait()
            self._resized.clear()
            columns, rows = self.terminal.size()
            self._painter.terminal_resized()
            if self._client is not None:
                with contextlib.suppress(HostUnavailableError):
                    await self._client.resize(columns, rows)

    # -- from the session

    async def _show(self, first: ScreenClient) -> None:
        """Paint what comes, also from a host that comes back after a crash."""
        try:
            left = await self._painted(first)
            while left is None:
                self._painter.say("the host is gone; looking for it")
                async with contextlib.AsyncExitStack() as stack:
                    left = await self._painted(await self._found_again(stack))
        except TimeoutError:
            left = Left("lost", 1)
        except OSError:
            left = Left("hung_up", _KILLED + signal.SIGHUP)
        except MeshError as error:
            left = Left("lost", 1, f": {error}")
        self._done.put_nowait(left)

    async def _tell_crashes(self) -> None:
        """Say that claude crashed and is started again, which its screen does not tell."""
        with contextlib.suppress(MeshError, OSError):
            async with HostClient.connected(self.agent, kind="cli", present=True) as client:
                async for view in views(client):
                    if view.state == "crashed" and not view.is_over:
                        self._painter.say(plain(view.reason))

    async def _painted(self, client: ScreenClient) -> Left | None:
        """Paint to the end of the session, or (None) of the line."""
        self._client = client
        try:
            async for frame in client.frames():
                if isinstance(frame, Ended):
                    return Left("ended", shell_status(frame.status), frame.reason)
                self._painter.paint(frame)
        except HostUnavailableError:
            pass
        finally:
            self._client = None
        return None

    async def _found_again(self, stack: contextlib.AsyncExitStack) -> ScreenClient:
        """A client of the host that came back, or was brought back to go on with its session.

        Raises:
            TimeoutError: None did.
        """
        columns, rows = self.terminal.size()
        async with asyncio.timeout(_AWAY_LIMIT_S):
            while True:
                with contextlib.suppress(MeshError):
                    await bring_back(self.agent)
                with contextlib.suppress(HostUnavailableError, NoSessionError):
                    return await stack.enter_async_context(
                        ScreenClient.connected(self.agent, columns=columns, rows=rows)
                    )
                await asyncio.sleep(_LOOK_AGAIN_S)
