"""``ask`` and ``reply``: questions and answers, through an agent's host."""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import click

from meshbot_core.cli.options import complete_peer, mesh_option, message_text
from meshbot_core.cli.outcome import tell_outcome
from meshbot_core.cli.show import line, note
from meshbot_core.clients.text import clock_time, plain, prose
from meshbot_core.errors import MeshError, NoAnswerError, PeerRefusedError
from meshbot_core.host.api import ASK_LIMIT_S, AskProgress, AskResult, SendResult
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import receiver, speaker
from meshbot_core.mesh.paths import AgentPaths, open_mesh
from meshbot_core.types import new_id

_POLL_S: Final = 25.0
_WITHDRAW_LIMIT_S: Final = 2.0
_BAD_REQUEST: Final = 400
_HOW_FAR: Final[Mapping[AskProgress, str]] = {
    "delivered": "has the question",
    "seen": "has read it",
    "working": "is at work with it",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom, and how long the answer may take."""

    to: str
    text: str
    timeout_s: float


def _a_number(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """Refuse what compares with nothing; click's ranges let it through."""
    if math.isnan(value):
        raise click.BadParameter("nan is no number of seconds")
    return value


@click.command()
@click.argument("to", shell_complete=complete_peer)
@click.argument("message")
@click.option(
    "--as",
    "name",
    metavar="NAME",
    shell_complete=complete_peer,
    help="The agent of this machine that asks.  [default: you, the operator]",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, ASK_LIMIT_S, min_open=True),
    default=120.0,
    callback=_a_number,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait.",
)
@mesh_option
def ask(to: str, message: str, name: str | None, timeout_s: float, mesh: str) -> None:
    """Ask agent TO and print its answer.

    MESSAGE may be - for standard input. Ctrl-C withdraws the question.
    """
    paths = open_mesh(mesh)
    config = read_config(paths)
    to = receiver(to, config)
    text = message_text(message, config.security.max_message_size_bytes)
    asker = paths.agent(speaker(name, config))
    asyncio.run(_ask(asker, Question(to, text, timeout_s)))


@click.command()
@click.argument("to", shell_complete=complete_peer)
@click.argument("message_id")
@click.argument("message")
@click.option(
    "--as",
    "name",
    metavar="NAME",
    shell_complete=complete_peer,
    help="The agent of this machine that answers.  [default: you, the operator]",
)
@mesh_option
def reply(to: str, message_id: str, message: str, name: str | None, mesh: str) -> None:
    """Answer message MESSAGE_ID of agent TO (meshbot inbox shows ids).

    MESSAGE may be - for standard input. It is kept and tried again while TO is down.
    """
    paths = open_mesh(mesh)
    config = read_config(paths)
    to = receiver(to, config)
    text = message_text(message, config.security.max_message_size_bytes)
    agent = paths.agent(speaker(name, config))
    tell_outcome(asyncio.run(_reply(agent, to, message_id, text)))


async def _reply(agent: AgentPaths, to: str, message_id: str, text: str) -> SendResult:
    async with HostClient.connected(agent, kind="cli", spawn=SpawnOptions()) as client:
        return await client.reply(to=to, message_id=message_id, message=text)


async def _ask(asker: AgentPaths, question: Question) -> None:
    async with HostClient.connected(asker, kind="cli", spawn=SpawnOptions()) as client:
        result = await _ended(client, question)
        if result.answer is not None:
            line(prose(result.answer.text))
            await client.settle(acknowledge=[result.lease_id])
            return
        if result.crossing is not None:
            note(f"{plain(question.to)} asks in turn (id {plain(result.crossing.id)}):")
            note(prose(result.crossing.text))
            await client.settle(acknowledge=[result.crossing_lease_id])
        raise _without_answer(result, question)


async def _ended(client: HostClient, question: Question) -> AskResult:
    """Ask, and wait until there is an answer or none will come; withdrawn when we are stopped."""
    ask_id = new_id()
    try:
        result = await client.ask(
            id=ask_id, to=question.to, message=question.text, timeout_s=question.timeout_s
        )
        if _is_pending(result) and result.delivery == "queued":
            why = f" ({plain(result.reason)})" if result.reason else ""
            until = clock_time(result.expires_at_ms)
            note(f"{plain(question.to)} does not answer yet{why}; trying until {until}")
        while _is_pending(result):
            before = result.progress
            result = await client.ask_state(ask_id, wait_s=_POLL_S, known=before)
            if _is_pending(result) and result.progress not in ("", before):
                note(f"{plain(question.to)} {_HOW_FAR[result.progress]}")
    except asyncio.CancelledError:
        with contextlib.suppress(MeshError, TimeoutError):
            async with asyncio.timeout(_WITHDRAW_LIMIT_S):
                await client.cancel_ask(ask_id)
        raise
    return result


def _is_pending(result: AskResult) -> bool:
    is_lost = result.delivery in ("failed", "expired")
    return result.state == "open" and result.crossing is None and not is_lost


def _without_answer(result: AskResult, question: Question) -> MeshError:
    to = question.to
    if result.crossing is not None:
        return NoAnswerError(
            f"{to} waits for an answer of ours before it gives its own",
            hint=f"answer with: meshbot reply {to} {result.crossing.id} TEXT, "
            "then see: meshbot inbox --follow",
        )
    if result.delivery == "failed":
        return PeerRefusedError(
            f"{to} did not take the question: {result.reason}",
            status=_BAD_REQUEST,
            is_final=True,
        )
    if result.delivery == "delivered":
        return NoAnswerError(
            f"{to} did not answer within {question.timeout_s:g} s",
            hint="an answer that still comes is shown by: meshbot inbox",
        )
    why = f": {result.reason}" if result.reason else ""
    return NoAnswerError(
        f"{to} could not be reached within {question.timeout_s:g} s{why}",
        hint="see who is there: meshbot status",
    )
