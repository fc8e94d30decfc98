"""``approvals``, ``approve`` and ``deny``: what sessions want to do, and a person's word on it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import click

from meshbot_core.cli.approval_follow import follow
from meshbot_core.cli.approval_rows import decision_row, print_approval, print_decision, row_of
from meshbot_core.cli.options import complete_peer, json_option, mesh_option
from meshbot_core.cli.show import as_json, line, note
from meshbot_core.clients.approval_text import gist
from meshbot_core.clients.looks import (
    all_agents,
    local_agent,
    looking_into,
    side_by_side,
)
from meshbot_core.clients.sessions import session_client
from meshbot_core.clients.text import plain
from meshbot_core.errors import InvalidArgumentError, MeshError, NoSuchApprovalError
from meshbot_core.host.session_api import ApprovalPage
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.paths import AgentPaths, MeshPaths, open_mesh
from meshbot_core.session.approvals import MIN_PREFIX
from meshbot_core.session.records import Decision, Verdict

_REMEMBERED: Final = 200
_MOST_DECISIONS: Final = 1000

_as_option = click.option(
    "--as",
    "name",
    metavar="NAME",
    shell_complete=complete_peer,
    help="The agent that asks.  [default: whichever has the id]",
)


@click.command()
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on as they come up.")
@click.option(
    "--history",
    type=click.IntRange(0, _MOST_DECISIONS),
    default=0,
    metavar="N",
    help="Show the last N decisions of each agent too.",
)
@json_option
@mesh_option
def approvals(*, is_following: bool, history: int, is_json: bool, mesh: str) -> None:
    """Show the tool calls that wait for a person's word.

    With --json a list; with --follow too, one object a line.
    """
    paths = open_mesh(mesh)
    if is_following:
        asyncio.run(follow(paths, is_json=is_json))
        return
    found = asyncio.run(_pages(all_agents(paths), history=history))
    waiting = [approval for page in found for approval in page.page.approvals]
    decided = sorted(
        ((one.agent.agent, decision) for one in found for decision in one.page.decisions),
        key=lambda named: named[1].decided_at_ms,
    )
    if is_json:
        rows = [decision_row(name, decision) for name, decision in decided]
        as_json([*rows, *(row_of(approval) for approval in waiting)])
        return
    for name, decision in decided:
        print_decision(name, decision)
    for approval in waiting:
        print_approval(approval, [other.id for other in waiting])
    if not waiting:
        note("Nothing waits for an approval.")


@click.command()
@click.argument("approval_id", metavar="ID")
@click.option(
    "--for-session",
    "is_for_session",
    is_flag=True,
    help="Also allow exactly this call again, until the session ends.",
)
@_as_option
@mesh_option
def approve(approval_id: str, *, is_for_session: bool, name: str | None, mesh: str) -> None:
    """Allow the tool call with this ID (its beginning is enough).

    meshbot approvals shows what waits.
    """
    scope: Literal["once", "session"] = "session" if is_for_session else "once"
    verdict = Verdict(behavior="allow", scope=scope)
    _tell(asyncio.run(_decided(open_mesh(mesh), name, approval_id, verdict)))


@click.command()
@click.argument("approval_id", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Why; the model reads it.")
@_as_option
@mesh_option
def deny(approval_id: str, reason: str, name: str | None, mesh: str) -> None:
    """Refuse the tool call with this ID (its beginning is enough)."""
    verdict = Verdict(behavior="deny", reason=reason)
    _tell(asyncio.run(_decided(open_mesh(mesh), name, approval_id, verdict)))


@dataclass(frozen=True, slots=True)
class _Found:
    """What waits at one agent, and what was decided there."""

    agent: AgentPaths
    page: ApprovalPage


def _tell(done: tuple[AgentPaths, Decision]) -> None:
    agent, decision = done
    how = "allowed" if decision.behavior == "allow" else "denied"
    where = " for this session" if decision.scope == "session" else ""
    call = gist(decision.tool, decision.tool_input)
    line(f'{how}{where}: "{plain(agent.agent)}" {call}')


async def _decided(
    paths: MeshPaths, name: str | None, given: str, verdict: Verdict
) -> tuple[AgentPaths, Decision]:
    """Give the verdict to the one agent that has an approval of this id, or had.

    Raises:
        NoSuchApprovalError: None has it, or several begin so.
        ApprovalDecidedError: Somebody was quicker.
    """
    agents = all_agents(paths) if name is None else (local_agent(paths, name),)
    agent, full_id = _one_of(await _pages(agents, history=_REMEMBERED), given)
    async with session_client(agent) as session:
        return agent, await session.decide(full_id, verdict)


def _one_of(found: Sequence[_Found], given: str) -> tuple[AgentPaths, str]:
    if len(given) < MIN_PREFIX:
        raise InvalidArgumentError(f"give at least {MIN_PREFIX} characters of the id")
    waiting = [(one.agent, approval.id) for one in found for approval in one.page.approvals]
    decided = [(one.agent, old.approval_id) for one in found for old in one.page.decisions]
    # What was decided is given to its host as well, which says by whom.
    meant = _named(waiting, given) or _named(decided, given)
    if not meant:
        raise NoSuchApprovalError(
            f"no approval of id {given[:80]!r} waits here",
            hint="see what waits: meshbot approvals",
        )
    if len(meant) > 1:
        ids = ", ".join(f"{full} ({agent.agent})" for agent, full in meant[:5])
        raise NoSuchApprovalError(f"{given!r} begins several ids", hint=f"give more of it: {ids}")
    return meant[0]


def _named(known: Sequence[tuple[AgentPaths, str]], given: str) -> list[tuple[AgentPaths, str]]:
    exact = [one for one in known if one[1] == given]
    return exact or [one for one in dict.fromkeys(known) if one[1].startswith(given)]


async def _pages(agents: Sequence[AgentPaths], *, history: int) -> list[_Found]:
    """What each running host tells; one that does not answer is named and left out."""

    async def page_of(agent: AgentPaths) -> _Found | None:
        try:
            if not await asyncio.to_thread(host_answers, agent):
                return None
            async with looking_into(agent) as client:
                return _Found(agent, await SessionClient(client).approvals(history=history))
        except MeshError as error:
            note(f"{plain(agent.agent)}: {plain(str(error))}")
            return None

    return [one for one in await side_by_side(agents, page_of) if one is not None]
