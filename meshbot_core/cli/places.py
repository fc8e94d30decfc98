"""Where a session that was started is seen: here, in the foreground, or nowhere yet."""

import asyncio
import os

from meshbot_core.cli.attaching import attach_here
from meshbot_core.cli.detach_key import DetachKey
from meshbot_core.cli.foreground import stay
from meshbot_core.cli.show import line, note
from meshbot_core.cli.terminal_view import Terminal
from meshbot_core.clients.readiness import is_trusted
from meshbot_core.clients.starting import Wanted, settled, started
from meshbot_core.clients.text import plain
from meshbot_core.errors import SessionError


def start(wanted: Wanted, terminal: Terminal | None, key: DetachKey, *, is_detached: bool) -> int:
    """Start the session and stay with it as long as is wanted; returns the exit status."""
    if is_detached:
        return asyncio.run(_in_background(wanted))
    if terminal is None:
        return asyncio.run(_in_foreground(wanted))
    return asyncio.run(_here(wanted, terminal, key))


async def _here(wanted: Wanted, terminal: Terminal, key: DetachKey) -> int:
    columns, rows = terminal.size()
    async with started(wanted.sized(columns, rows)):
        pass
    return await attach_here(wanted.agent, terminal, key)


async def _in_foreground(wanted: Wanted) -> int:
    async with started(wanted) as client:
        return await stay(client)


async def _in_background(wanted: Wanted) -> int:
    async with started(wanted) as client:
        view = await settled(client)
    agent = wanted.agent
    if view.is_over:
        raise SessionError(
            f"claude of {agent.agent!r} ended at once: {view.reason or view.state}",
            hint=f"see what it said: meshbot logs {agent.agent}",
        )
    if view.state == "crashed":
        note(plain(view.reason))
    line(f'"{plain(agent.agent)}" runs in {plain(view.folder)} ({view.kind}, pid {view.pid})')
    if view.kind == "interactive" and not is_trusted(wanted.folder, os.environ):
        note("Claude Code will first ask whether this folder is trusted.")
    see = f"attach {agent.agent}" if view.kind == "interactive" else f"logs {agent.agent} -f"
    line(f"see it with: meshbot {plain(see)}")
    return 0
