"""Sessions that agent hosts run, on the throw-away mesh: what plays in them is scripted."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.hook_settings import SessionKind
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import Script
from meshbot_core.demo.stage import Stage
from meshbot_core.errors import MeshError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.records import Limits, SessionOptions, SessionView

DAEMON: Final = "ops"
"""The agent that works alone; the others have a terminal, where a claude is there to fill it."""
_STOP_LIMIT_S: Final = 2.0
_STAND_IN: Final = """#!/bin/sh
case "$1" in
  --version) echo "2.1.330 (Claude Code)"; exit 0;;
  auth) echo '{"loggedIn": true, "authMethod": "api_key"}'; exit 0;;
esac
exec "%s" -m meshbot_core.demo.stand_in "$@"
"""


@dataclass(frozen=True, slots=True)
class Hosted:
    """One agent, its host, and the session in it."""

    paths: AgentPaths
    client: HostClient
    model: ScriptedModel
    options: SessionOptions

    @property
    def sessions(self) -> SessionClient:
        """What can be done with its session."""
        return SessionClient(self.client)

    async def view(self) -> SessionView | None:
        """How its session is now."""
        return (await self.sessions.session()).session


@asynccontextmanager
async def hosted(
    stage: Stage, scripts: Mapping[str, Script], *, columns: int = 120, rows: int = 40
) -> AsyncIterator[Mapping[str, Hosted]]:
    """Agents with a session each, by name, for as long as the block runs.

    Raises:
        MeshError: An agent does not start.
    """
    home = stage.folder / "home"
    projects = {name: stage.folder / name for name in scripts}
    for project in projects.values():
        project.mkdir()
    prepare_home(home, *projects.values(), stage.folder)
    program = stage.binary or _stand_in(stage.folder)
    agents: dict[str, Hosted] = {}
    async with AsyncExitStack() as stack:
        for name, script in scripts.items():
            model = await stack.enter_async_context(serving(script))
            client = await stack.enter_async_context(host_of(stage, name))
            options = SessionOptions(
                kind=_kind(stage, name),
                folder=str(projects[name]),
                flags=("--permission-mode", "default"),
                inherited=clean_environment(home, model_environment(model.url)),
                claude=str(program),
                limits=Limits(turns_per_hour=None),
                columns=columns,
                rows=rows,
            )
            agents[name] = Hosted(stage.mesh.agent(name), client, model, options)
        # No task group: what kept one from its start is to be raised as it is.
        await asyncio.gather(*(_started(stage, each) for each in agents.values()))
        try:
            yield agents
        finally:
            await asyncio.gather(*(_stopped(each) for each in agents.values()))


async def _started(stage: Stage, agent: Hosted) -> None:
    view = (await agent.sessions.start(agent.options)).session
    if view is not None and view.pid is not None:
        stage.claude_pids.add(view.pid)


async def _stopped(agent: Hosted) -> None:
    # None runs, or its host is gone: then it has ended already.
    with contextlib.suppress(MeshError):
        await agent.sessions.stop(timeout_s=_STOP_LIMIT_S)


@asynccontextmanager
async def host_of(stage: Stage, name: str) -> AsyncIterator[HostClient]:
    """A client of agent ``name``, whose host is started."""
    agent = stage.mesh.agent(name)
    async with HostClient.connected(
        agent, kind="cli", spawn=SpawnOptions(), present=True
    ) as client:
        stage.note_host(agent)
        yield client


def _kind(stage: Stage, name: str) -> SessionKind:
    # The stand-in has no screen.
    return "headless" if stage.binary is None or name == DAEMON else "interactive"


def _stand_in(folder: Path) -> Path:
    place = folder / "bin" / "claude"
    place.parent.mkdir()
    place.write_text(_STAND_IN % sys.executable, encoding="utf-8")
    place.chmod(0o700)
    return place
