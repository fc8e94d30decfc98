"""``status``: every agent of the mesh and whether it is online; needs no host."""

import asyncio
import random
from typing import Final

import click

from meshbot_core.cli.options import json_option, mesh_option
from meshbot_core.cli.show import JsonRows, as_json, line, note, paint
from meshbot_core.clients.text import clock_time, padded, plain, width
from meshbot_core.mesh.config import MeshConfig, read_config
from meshbot_core.mesh.paths import MeshPaths, open_mesh
from meshbot_core.node.health import PeerHealth
from meshbot_core.node.oneshot import probe_peers, probes
from meshbot_core.types import SystemClock

_ROUND_S: Final = 5.0
_WIDEST: Final = 60


@click.command()
@click.option("--watch", "is_watching", is_flag=True, help="Go on, and tell changes.")
@json_option
@mesh_option
def status(*, is_watching: bool, is_json: bool, mesh: str) -> None:
    """Show every agent and whether it is online, as they answer.

    With --json a list; with --watch too, one object a line.
    """
    paths = open_mesh(mesh)
    config = read_config(paths)
    if is_watching:
        asyncio.run(_watch(paths, is_json=is_json))
    elif is_json:
        found = {health.name: health for health in probe_peers(config, paths)}
        as_json([_as_row(found[name]) for name in config.peers])
    else:
        columns = _columns(config)
        for health in probe_peers(config, paths):
            line(_as_line(health, columns))
        _tell_emptiness(config)


async def _watch(paths: MeshPaths, *, is_json: bool) -> None:
    """Round after round; after the first only what changed, and who left the mesh."""
    before: dict[str, str] = {}
    is_first = True
    while True:
        config = read_config(paths)
        columns = _columns(config)
        async for health in probes(config, paths, clock=SystemClock()):
            text = _essence(health)
            if before.get(health.name) != text:
                before[health.name] = text
                _tell(health, columns, is_json=is_json, is_first=is_first)
        for name in before.keys() - config.peers.keys():
            del before[name]
            note(f"{plain(name)} is no longer in the mesh")
        if is_first:
            _tell_emptiness(config)
        is_first = False
        await asyncio.sleep(_ROUND_S * random.uniform(0.9, 1.1))  # noqa: S311 - jitter, no secret


def _tell(health: PeerHealth, columns: tuple[int, int], *, is_json: bool, is_first: bool) -> None:
    if is_json:
        JsonRows.print_row(_as_row(health))
        return
    at = "" if is_first else f"{clock_time(SystemClock().now_ms())}  "
    line(at + _as_line(health, columns))


def _tell_emptiness(config: MeshConfig) -> None:
    if not config.peers:
        note(f'No agents in mesh "{config.mesh}" yet.')
        note("  they enter themselves when they start: meshbot serve --as NAME")


def _essence(health: PeerHealth) -> str:
    return f"{health.url} {health.is_online} {health.description} {health.agent} {health.state}"


def _columns(config: MeshConfig) -> tuple[int, int]:
    """How wide names and URLs are, so that rows can be printed before all are known."""
    names = (width(plain(name)) for name in config.peers)
    urls = (width(plain(entry.url)) for entry in config.peers.values())
    return min(_WIDEST, max(names, default=0)), min(_WIDEST, max(urls, default=0))


def _as_line(health: PeerHealth, columns: tuple[int, int]) -> str:
    state = paint("online", "green") if health.is_online else paint("offline", "red")
    name = padded(plain(health.name), columns[0])
    url = padded(plain(health.url), columns[1])
    about = f" - {plain(health.description)}" if health.description else ""
    reason = health.error or health.state
    why = f" ({plain(reason)})" if reason else ""
    return f"{name}  {url}  {state}{about}{paint(why, 'dim') if why else ''}"


def _as_row(health: PeerHealth) -> dict[str, str | int | None]:
    return {
        "name": health.name,
        "url": health.url,
        "status": "online" if health.is_online else "offline",
        "description": health.description,
        "latencyMs": health.latency_ms,
        "skewMs": health.skew_ms,
        "version": health.version,
        "state": health.state,
        "error": health.error,
    }
