"""What a person does to agents from the console; each call raises a ``MeshError`` that says why."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.clients.left_sessions import bring_back, end_left
from meshbot_core.clients.looks import local_agents, looking_into
from meshbot_core.clients.readiness import check_ready, is_trusted
from meshbot_core.clients.sessions import session_client, stop_session
from meshbot_core.clients.starting import Wanted, settled, started
from meshbot_core.errors import (
    HostRunningError,
    HostUnavailableError,
    NameTakenError,
    NoSessionError,
)
from meshbot_core.host.api import AskResult, SendResult
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import CALLED, meant, operator_name
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.defaults import with_defaults
from meshbot_core.session.records import Decision, SessionOptions, SessionView, Verdict

ASK_LIMIT_S: Final = 3600.0
_STOP_LIMIT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Actions:
    """On one mesh, as the person whose host ``operator`` gives; None: they are not on it now.

    What is said needs that host, and raises ``HostUnavailableError`` without; the rest does not,
    and does not wait for it.
    """

    mesh: MeshPaths
    operator: Callable[[], Awaitable[HostClient | None]] | None

    # -- messages

    async def send(self, to: str, text: str) -> SendResult:
        """Send a message; it is on disk, and its first attempt was made."""
        own = await self._own()
        return await own.send(to=await self._receiver(to), message=text)

    async def broadcast(self, text: str) -> tuple[SendResult, ...]:
        """Send to every other agent."""
        return await (await self._own()).broadcast(message=text)

    async def ask(self, to: str, text: str) -> AskResult:
        """Ask; the answer comes as a message of the operator's inbox."""
        own = await self._own()
        asked = await own.ask(to=await self._receiver(to), message=text, timeout_s=ASK_LIMIT_S)
        return await own.leave_ask(asked.id)

    async def answer(self, to: str, message_id: str, text: str) -> SendResult:
        """Answer an ask, or any message."""
        own = await self._own()
        return await own.reply(to=to, message_id=message_id, message=text)

    async def _own(self) -> HostClient:
        own = await self.operator() if self.operator is not None else None
        if own is None:
            raise HostUnavailableError("you are not on the mesh now", hint="l shows why")
        return own

    async def _receiver(self, name: str) -> str:
        return meant(name, await asyncio.to_thread(read_config, self.mesh))

    # -- sessions

    async def check_name(self, name: str) -> None:
        """Let pass what an agent of this machine may be called.

        Raises:
            NameTakenError: It is the person's, or that of an agent elsewhere.
        """
        config = await asyncio.to_thread(read_config, self.mesh)
        if name in (CALLED, operator_name(config)):
            raise NameTakenError(f'"{name}" is you', hint="another name")
        elsewhere = config.peers.get(name)
        if elsewhere and name not in await asyncio.to_thread(local_agents, self.mesh):
            raise NameTakenError(
                f'"{name}" is an agent elsewhere, at {elsewhere.url}', hint="another name"
            )

    async def check(self, options: SessionOptions) -> None:
        """Let pass what can be started.

        Raises:
            ClaudeError: Claude Code is missing, too old, not logged in or refuses its flags.
            SessionFolderError: The folder is not there.
            ConfigError: The mesh's configuration cannot be read.
        """
        flags = sorted_flags(options.flags)
        folder, environment = Path(options.folder), dict(os.environ)
        claude = (await asyncio.to_thread(with_defaults, options, self.mesh)).claude
        await asyncio.to_thread(check_ready, folder, flags, environment, claude=claude)

    async def advice(self, options: SessionOptions) -> str:
        """What a person should know before it is started, or nothing."""
        if not await asyncio.to_thread(_asks_for_trust, options):
            return ""
        return "Claude Code will ask whether this folder is trusted: answer in its pane"

    async def start(self, name: str, options: SessionOptions) -> SessionView:
        """Start a session; it outlives the console.

        Raises:
            SessionRunningError: The agent has one.
        """
        agent = self.mesh.agent(name)
        wanted = Wanted(agent, options, sorted_flags(options.flags))
        async with started(wanted) as client:
            return await settled(client)

    async def session_of(self, name: str) -> tuple[SessionOptions, str] | None:
        """What the agent's session was started with, and the conversation it is in."""
        async with looking_into(self.mesh.agent(name)) as client:
            answer = await SessionClient(client).session()
        if answer.session is None or answer.options is None:
            return None
        return answer.options, answer.session.conversation

    async def stop(self, name: str) -> None:
        """End the agent's session for good; its messages wait for the next one."""
        await stop_session(self.mesh.agent(name), timeout_s=_STOP_LIMIT_S)

    async def restart(self, name: str) -> SessionView | None:
        """End claude and start it again, in the same conversation."""
        async with session_client(self.mesh.agent(name)) as session:
            return (await session.restart()).session

    async def bring_back(self, name: str) -> bool:
        """Start a host for a session that was left by one that is gone; whether that goes on."""
        return await bring_back(self.mesh.agent(name))

    async def resume(self, name: str) -> bool:
        """Let an agent go on that went past one of its limits; whether it had stopped for one."""
        async with session_client(self.mesh.agent(name)) as session:
            before = (await session.session()).session
            await session.resume()
        return before is not None and before.state in ("paused", "limited")

    async def decide(self, name: str, approval_id: str, verdict: Verdict) -> Decision:
        """Allow or deny; the first answer wins, wherever it comes from."""
        async with session_client(self.mesh.agent(name)) as session:
            return await session.decide(approval_id, verdict)

    async def forget(self, name: str) -> Path:
        """Put the place of a stopped agent aside, its messages with it; returns where.

        Raises:
            HostRunningError: Its host runs.
        """
        await end_left(self.mesh.agent(name))
        place = await asyncio.to_thread(_put_aside, self.mesh.agent(name))
        if name in (await asyncio.to_thread(read_config, self.mesh)).peers:
            from meshbot_core.bootstrap.meshes import remove_peer  # noqa: PLC0415 - cryptography is slow

            await asyncio.to_thread(remove_peer, self.mesh, name)
        return place


def _asks_for_trust(options: SessionOptions) -> bool:
    folder = Path(options.folder)
    with contextlib.suppress(OSError):  # the check says what is wrong with it
        is_shown = options.kind == "interactive" and folder.is_dir()
        return is_shown and not is_trusted(folder, os.environ)
    return False


def _put_aside(agent: AgentPaths) -> Path:
    if host_answers(agent):
        raise HostRunningError(f'"{agent.agent}" runs', hint="stop it first")
    if not agent.folder.exists():
        raise NoSessionError(f'"{agent.agent}" has no place on this machine')
    aside = agent.mesh.folder / "forgotten"
    aside.mkdir(mode=0o700, exist_ok=True)
    place = aside / f"{agent.agent}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    agent.folder.rename(place)
    return place
