"""``ps``: the agents of this machine and what each does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import click

from meshbot_core.cli.options import json_option, mesh_option
from meshbot_core.cli.show import Colour, Json, as_json, line, note, paint
from meshbot_core.clients.durations import dollars, span
from meshbot_core.clients.looks import Look, all_agents, look, side_by_side
from meshbot_core.clients.text import padded, plain, width
from meshbot_core.errors import MailboxError
from meshbot_core.host.api import HostStatus
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mesh.paths import AgentPaths, open_mesh
from meshbot_core.session.ending import kept_end
from meshbot_core.session.records import SessionState, SessionView
from meshbot_core.types import SystemClock

State = SessionState | Literal["listening", "hanging"]
"""A session's; ``listening``: a host without one; ``hanging``: a host that does not answer."""

_COLOURS: Final[dict[str, Colour]] = {
    "working": "cyan",
    "idle": "green",
    "listening": "green",
    "needs_approval": "yellow",
    "asks_you": "yellow",
    "paused": "yellow",
    "limited": "yellow",
    "stalled": "red",
    "deaf": "red",
    "crashed": "red",
    "hanging": "red",
}
_WORDS: Final[dict[str, str]] = {"asks_operator": "asks you"}
_HEADS: Final = ("AGENT", "STATE", "SINCE", "UNREAD", "CONTEXT", "COST", "UP", "PID", "DOES")
_STATE_COLUMN: Final = 1
_WIDEST: Final = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One agent as ``ps`` shows it; ``unread`` None: its mailbox cannot be read."""

    agent: str
    state: State
    doing: str
    unread: int | None
    host: HostStatus | None

    @property
    def session(self) -> SessionView | None:
        """Its session; an ended one is shown too, while its host is there."""
        return self.host.session if self.host else None


@click.command()
@json_option
@mesh_option
def ps(*, is_json: bool, mesh: str) -> None:
    """Show the agents of this machine: state, what they do, unread, cost.

    With --json a list.
    """
    agents = all_agents(open_mesh(mesh))
    rows = [_row(found) for found in asyncio.run(side_by_side(agents, look))]
    now_ms = SystemClock().now_ms()
    if is_json:
        as_json([_as_json(row) for row in rows])
        return
    if not rows:
        note("No agents on this machine yet.")
        note("  start one with: meshbot start --as NAME")
        return
    _print([_cells(row, now_ms) for row in rows])


def _row(found: Look) -> Row:
    name = found.agent.agent
    if found.error is not None:
        return Row(name, "hanging", str(found.error), _unread(found.agent), None)
    if (host := found.status) is None:
        return _row_without_host(found.agent)
    session = host.session
    if session is None or (session.is_over and session.state == "stopped" and host.clients):
        users = ", ".join(f"{client.kind} (pid {client.pid})" for client in host.clients)
        return Row(name, "listening", f"used by {users}" if users else "", host.unread, host)
    return Row(name, session.state, _doing(session), host.unread, host)


def _row_without_host(agent: AgentPaths) -> Row:
    unread = _unread(agent)
    if (end := kept_end(agent)) is None:
        return Row(agent.agent, "stopped", "", unread, None)
    why = f"{end.reason}; see: meshbot logs {agent.agent}"
    return Row(agent.agent, "crashed", why, unread, None)


def _unread(agent: AgentPaths) -> int | None:
    try:
        with MailboxReader.opened(agent.mailbox) as reader:
            return reader.counts().unread
    except MailboxError:
        return 0 if not agent.mailbox.exists() else None


def _doing(session: SessionView) -> str:
    if session.waits_for:
        waiting = len(session.waits_for)
        return f"{session.doing}, " * bool(session.doing) + (
            f"waits for: meshbot approve {session.waits_for[0]}"
            + (f" and {waiting - 1} more" if waiting > 1 else "")
        )
    return session.reason or session.doing


def _cells(row: Row, now_ms: int) -> tuple[str, ...]:
    unread = "?" if row.unread is None else str(row.unread)
    if (session := row.session) is None:
        up = span(now_ms - row.host.started_at_ms) if row.host else ""
        pid = str(row.host.pid) if row.host else ""
        return row.agent, row.state, "", unread, "", "", up, pid, row.doing
    return (
        row.agent,
        _WORDS.get(row.state, row.state.replace("_", " ")),
        span(now_ms - session.since_ms),
        unread,
        "" if session.context_used is None else f"{session.context_used:.0f} %",
        dollars(session.cost_usd),
        "" if session.is_over else span(now_ms - session.started_at_ms),
        "" if session.pid is None else str(session.pid),
        row.doing,
    )


def _print(rows: Sequence[tuple[str, ...]]) -> None:
    table = [_HEADS, *(tuple(plain(cell) for cell in row) for row in rows)]
    widths = [min(_WIDEST, max(width(row[i]) for row in table)) for i in range(len(_HEADS))]
    for number, row in enumerate(table):
        cells = [padded(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        if number and (colour := _COLOURS.get(row[_STATE_COLUMN].replace(" ", "_"))):
            cells[_STATE_COLUMN] = paint(cells[_STATE_COLUMN], colour)
        text = "  ".join(cells).rstrip()
        line(text if number else paint(text, "dim"))


def _as_json(row: Row) -> dict[str, Json]:
    session, host = row.session, row.host
    return {
        "name": row.agent,
        "state": row.state,
        "doing": row.doing,
        "unread": row.unread,
        "queued": host.queued if host else None,
        "url": host.url if host else None,
        "hostPid": host.pid if host else None,
        "hostStartedAt": host.started_at_ms if host else None,
        "session": _session_as_json(session) if session else None,
    }


def _session_as_json(session: SessionView) -> dict[str, Json]:
    return {
        "kind": session.kind,
        "doingSince": session.doing_since_ms or None,
        "limitedUntil": session.limited_until_ms,
        "since": session.since_ms,
        "startedAt": session.started_at_ms,
        "isOver": session.is_over,
        "reason": session.reason,
        "folder": session.folder,
        "model": session.model,
        "title": session.title,
        "conversation": session.conversation,
        "pid": session.pid,
        "contextUsed": session.context_used,
        "costUsd": session.cost_usd,
        "costTodayUsd": session.cost_today_usd,
        "turns": session.turns,
        "hop": session.hop,
        "restarts": session.restarts,
        "exitStatus": session.exit_status,
        "waitsFor": list(session.waits_for),
    }
