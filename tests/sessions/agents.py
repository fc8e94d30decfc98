"""Agents of a test: each with a host, a real claude, and a model that plays a script."""

import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import Script
from meshbot_core.errors import MeshError, NoSessionError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.records import SessionOptions, SessionView
from tests.support.claude import required_claude
from tests.support.waiting import until

LIMIT_S = 20.0


@dataclass
class Agent:
    """One agent with a session."""

    paths: AgentPaths
    client: HostClient
    sessions: SessionClient
    model: ScriptedModel
    options: SessionOptions

    async def view(self) -> SessionView:
        found = (await self.sessions.session()).session
        assert found is not None
        return found

    async def is_in(self, *states: str, limit_s: float = LIMIT_S) -> SessionView:
        """Wait until the session is in one of these states."""
        return await self.sees(lambda view: view.state in states, limit_s=limit_s)

    async def sees(
        self, fits: Callable[[SessionView], bool], *, limit_s: float = LIMIT_S
    ) -> SessionView:
        found: list[SessionView] = []

        async def look() -> bool:
            found.append(await self.view())
            return fits(found[-1])

        try:
            await until(look, limit_s)
        except TimeoutError:
            raise AssertionError(f"not seen: {found[-1]}\n{self.log}") from None
        return found[-1]

    async def has_read_all(self, *, limit_s: float = LIMIT_S) -> None:
        """Wait until no message waits, and none is on lease."""

        async def look() -> bool:
            status = await self.client.status()
            return (status.leased, status.unread) == (0, 0)

        try:
            await until(look, limit_s)
        except TimeoutError:
            raise AssertionError(f"not read: {await self.client.status()}\n{self.log}") from None

    async def has_tools(self) -> None:
        """Wait until the session idles, and its MCP server is there."""

        async def look() -> bool:
            status = await self.client.status()
            return any(client.kind == "serve" for client in status.clients)

        await until(look, LIMIT_S)
        await self.is_in("idle")

    async def heard(self, text: str, *, limit_s: float = LIMIT_S) -> str:
        """Wait until the model was asked with ``text`` as what the user said last."""
        try:
            await until(lambda: bool(self.asked(text)), limit_s)
        except TimeoutError:
            raise AssertionError(f"{text!r} was never read\n{self.log}") from None
        return self.asked(text)[-1]

    def asked(self, text: str) -> list[str]:
        """What the model was asked with that has ``text`` in it."""
        said = [request.model_dump_json() for request in self.model.requests]
        return [each for each in said if text in each]

    @property
    def log(self) -> str:
        """What the session's log says."""
        try:
            return self.paths.session_log.read_text() + self.paths.host_log.read_text()
        except FileNotFoundError:
            return ""


@dataclass
class Agents:
    """Starts them; ``stack`` ends them.

    ``keeps_environment``: the session's environment outlives its host, whoever starts the next.
    """

    mesh: MeshPaths
    folder: Path
    stack: AsyncExitStack
    keeps_environment: bool = False

    async def start(
        self, name: str, script: Script, version: str, *flags: str, **options: object
    ) -> Agent:
        """Start agent ``name`` with a session of its own."""
        binary = required_claude(version)
        home, project = self.folder / f"home-{name}", self.folder / f"project-{name}"
        project.mkdir(exist_ok=True)
        if not home.exists():
            prepare_home(home, project)
        model = await self.stack.enter_async_context(serving(script))
        environment = clean_environment(home, model_environment(model.url))
        wanted = SessionOptions.model_validate(
            {
                "folder": str(project),
                "flags": flags,
                "inherited": environment,
                "environment": environment if self.keeps_environment else {},
                "claude": str(binary),
                **options,
            }
        )
        paths = self.mesh.agent(name)
        client = await self.stack.enter_async_context(
            HostClient.connected(paths, kind="test", spawn=SpawnOptions(), present=True)
        )
        agent = Agent(paths, client, SessionClient(client), model, wanted)
        self.stack.push_async_callback(_ended, agent)
        await agent.sessions.start(wanted)
        return agent


async def _ended(agent: Agent) -> None:
    try:
        await agent.sessions.stop(timeout_s=1.0)
    except NoSessionError:
        pass
    except MeshError as error:
        # Say more than the error does: what the host was doing.
        raise AssertionError(f"{error} (pid {os.getpid()})\n{agent.log}") from error
