"""``up`` and ``down``: the agents of a fleet file, all at once."""

import asyncio
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click

from meshbot_core.cli.border import EXIT_FAILED
from meshbot_core.cli.local_agents import each_told
from meshbot_core.cli.options import DEFAULT_MESH
from meshbot_core.cli.show import note
from meshbot_core.clients.fleet import FleetWork, running_options, take_down
from meshbot_core.clients.fleet_changes import fleet_of
from meshbot_core.clients.fleet_file import DEFAULT_FILE, Fleet, read_fleet
from meshbot_core.clients.looks import all_agents, side_by_side
from meshbot_core.clients.text import plain
from meshbot_core.errors import FleetFileError, MeshError
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
    if not asyncio.run(_up(FleetWork(fleet, _mesh_of(fleet), dict(os.environ)), names)):
        context.exit(EXIT_FAILED)


@click.command()
@click.argument("words", nargs=-1, metavar=_WORDS_HELP)
@click.pass_context
def down(context: click.Context, words: tuple[str, ...]) -> None:
    """Stop the agents of a fleet file; with NAMEs only those."""
    fleet, names = _chosen(words)
    paths = _mesh_of(fleet)
    if not asyncio.run(each_told([paths.agent(name) for name in names], take_down)):
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


async def _up(work: FleetWork, names: tuple[str, ...]) -> bool:
    is_well = await each_told([work.mesh.agent(name) for name in names], work.bring_up)
    others = [agent for agent in all_agents(work.mesh) if agent.agent not in work.fleet.agents]
    for agent, running in zip(others, await side_by_side(others, _shown), strict=True):
        if running is not None and fleet_of(running) == str(work.fleet.path):
            name = plain(agent.agent)
            note(f'"{name}" is no longer in the file and runs on')
            note(f"  stop it with: meshbot stop --as {name}")
    return is_well


async def _shown(agent: AgentPaths) -> SessionOptions | None:
    try:
        return await running_options(agent)
    except MeshError:
        return None
