"""``up`` and ``down``: the agents of a fleet file, all at once."""

import asyncio
import os
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.cli.border import EXIT_FAILED
from meshbot_core.cli.fleet_changes import changes, fleet_of
from meshbot_core.cli.fleet_file import DEFAULT_FILE, Fleet, read_fleet
from meshbot_core.cli.local_agents import each_told
from meshbot_core.cli.options import DEFAULT_MESH
from meshbot_core.cli.show import note
from meshbot_core.clients.looks import all_agents, looking_into, session_client, side_by_side
from meshbot_core.clients.readiness import check_ready, is_trusted
from meshbot_core.clients.starting import heard_hello, settled
from meshbot_core.clients.text import plain
from meshbot_core.errors import FleetFileError, MeshError, SessionError, SessionRunningError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import SessionAnswer
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions, host_answers
from meshbot_core.mesh.paths import AgentPaths, MeshPaths, open_mesh
from meshbot_core.session.records import SessionOptions

_STOP_LIMIT_S: Final = 10.0
_WORDS_HELP: Final = "[FILE] [NAME...]"


@click.command()
@click.argument("words", nargs=-1, metavar=_WORDS_HELP)
@click.pass_context
def up(context: click.Context, words: tuple[str, ...]) -> None:
    """Start the agents of a fleet file that do not run, and change those that were edited.

    FILE is fleet.toml in this folder unless given; with NAMEs only those agents. What runs as
    the file says is left alone. Ends with 1 when an agent could not be started.
    """
    fleet, names = _chosen(words)
    if not asyncio.run(_up(_Work(fleet, _mesh_of(fleet), dict(os.environ)), names)):
        context.exit(EXIT_FAILED)


@click.command()
@click.argument("words", nargs=-1, metavar=_WORDS_HELP)
@click.pass_context
def down(context: click.Context, words: tuple[str, ...]) -> None:
    """Stop the agents of a fleet file; with NAMEs only those."""
    fleet, names = _chosen(words)
    paths = _mesh_of(fleet)
    if not asyncio.run(each_told([paths.agent(name) for name in names], _taken_down)):
        context.exit(EXIT_FAILED)


def _chosen(words: tuple[str, ...]) -> tuple[Fleet, tuple[str, ...]]:
    """The file, and the agents of it that are meant."""
    has_file = bool(words) and ("/" in words[0] or words[0].endswith(".toml"))
    fleet = read_fleet(Path(words[0] if has_file else DEFAULT_FILE))
    names = words[1:] if has_file else words
    for name in names:
        if name not in fleet.agents:
            meant = get_close_matches(name, fleet.agents, n=1)
            raise FleetFileError(
                f'{fleet.path}: there is no agent "{name}" in it'
                + (f'; "{meant[0]}" was meant?' if meant else "")
            )
    if not fleet.agents:
        note(f"{plain(str(fleet.path))} names no agents.")
    return fleet, tuple(dict.fromkeys(names)) or tuple(fleet.agents)


def _mesh_of(fleet: Fleet) -> MeshPaths:
    return open_mesh(fleet.mesh or os.environ.get("MESHBOT_MESH") or DEFAULT_MESH)


@dataclass(slots=True)
class _Work:
    """One ``up``; ``environment`` is that of whoever typed it."""

    fleet: Fleet
    mesh: MeshPaths
    environment: dict[str, str]
    _checked: set[tuple[str, ...]] = field(default_factory=set)
    _checking: defaultdict[tuple[str, ...], asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def bring_up(self, agent: AgentPaths) -> str:
        """Have one agent run as the file says; what was done about it."""
        wanted = self.fleet.options(agent.agent, self.environment)
        running = await _running(agent)
        if running is None:
            return await self._start(agent, wanted)
        different = changes(running, wanted)
        if not different:
            return "runs already"
        if fleet_of(running) != str(self.fleet.path):
            by = f"from {fleet_of(running)}" if fleet_of(running) else "by hand"
            return f"runs, was started {by} and is left alone; it differs: {', '.join(different)}"
        await self._check(wanted)
        async with session_client(agent) as session:
            await session.restart(wanted)
        return f"is started again: {', '.join(different)}"

    async def _start(self, agent: AgentPaths, wanted: SessionOptions) -> str:
        await self._check(wanted)
        spawn = SpawnOptions()
        async with HostClient.connected(agent, kind="cli", spawn=spawn, present=True) as client:
            await heard_hello(client)
            try:
                await SessionClient(client).start(wanted)
            except SessionRunningError:
                return "runs already"
            view = await settled(client)
        if view.is_over:
            raise SessionError(
                f"ended at once: {view.reason or view.state}",
                hint=f"see what it said: meshbot logs {agent.agent}",
            )
        untrusted = ""
        if view.kind == "interactive" and not is_trusted(Path(wanted.folder), self.environment):
            untrusted = f"; asks whether its folder is trusted: meshbot attach {agent.agent}"
        return f"is started ({view.kind}, pid {view.pid}){untrusted}"

    async def _check(self, wanted: SessionOptions) -> None:
        """What ``start`` checks; once for agents that share a claude and its settings."""
        flags = sorted_flags(wanted.flags)
        environment = self.environment | wanted.environment
        variables = [f"{name}={value}" for name, value in sorted(wanted.environment.items())]
        key = (wanted.claude or "", flags.settings or "", *variables)
        async with self._checking[key]:
            if key not in self._checked:
                folder = Path(wanted.folder)
                await asyncio.to_thread(
                    check_ready, folder, flags, environment, claude=wanted.claude
                )
                self._checked.add(key)


async def _up(work: _Work, names: tuple[str, ...]) -> bool:
    is_well = await each_told([work.mesh.agent(name) for name in names], work.bring_up)
    others = [agent for agent in all_agents(work.mesh) if agent.agent not in work.fleet.agents]
    for agent, running in zip(others, await side_by_side(others, _shown), strict=True):
        if running is not None and fleet_of(running) == str(work.fleet.path):
            name = plain(agent.agent)
            note(f'"{name}" is no longer in the file and runs on')
            note(f"  stop it with: meshbot stop --as {name}")
    return is_well


async def _running(agent: AgentPaths) -> SessionOptions | None:
    """What the agent's session was started with, None when it has none that runs."""
    if not await asyncio.to_thread(host_answers, agent):
        return None
    async with looking_into(agent) as client:
        answer: SessionAnswer = await SessionClient(client).session()
    is_there = answer.session is not None and not answer.session.is_over
    return answer.options if is_there else None


async def _shown(agent: AgentPaths) -> SessionOptions | None:
    try:
        return await _running(agent)
    except MeshError:
        return None


async def _taken_down(agent: AgentPaths) -> str:
    if await _running(agent) is None:
        return "does not run"
    async with session_client(agent) as session:
        await session.stop(timeout_s=_STOP_LIMIT_S)
    return "is stopped"
