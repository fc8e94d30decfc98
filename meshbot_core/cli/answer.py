"""``answer``: the person's answer to a message that came for the operator."""

import asyncio
from typing import Final

import click

from meshbot_core.cli.options import mesh_option, message_text
from meshbot_core.cli.outcome import tell_outcome
from meshbot_core.errors import InvalidArgumentError, NoSuchMessageError
from meshbot_core.host.api import JournalRow, SendResult
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import AgentPaths, open_mesh

_LOOKED_AT: Final = 5000
_PAGE: Final = 1000
_SHOWN: Final = 3


@click.command()
@click.argument("message_id", metavar="ID")
@click.argument("text")
@mesh_option
def answer(message_id: str, text: str, mesh: str) -> None:
    """Answer message ID with TEXT, as the operator (meshbot inbox shows ids).

    The beginning of an ID will do; TEXT may be - for standard input.
    """
    paths = open_mesh(mesh)
    config = read_config(paths)
    said = message_text(text, config.security.max_message_size_bytes)
    operator = paths.agent(operator_name(config))
    tell_outcome(asyncio.run(_answered(operator, message_id, said)))


async def _answered(operator: AgentPaths, beginning: str, text: str) -> SendResult:
    async with HostClient.connected(operator, kind="cli", spawn=SpawnOptions()) as client:
        message = await _meant(client, beginning)
        return await client.reply(to=message.peer, message_id=message.id, message=text)


async def _meant(client: HostClient, beginning: str) -> JournalRow:
    """The message whose id begins so, among the newest that came in."""
    if not beginning:
        raise InvalidArgumentError("the id is empty", hint="meshbot inbox shows ids")
    found: dict[str, JournalRow] = {}
    before: int | None = None
    for _ in range(_LOOKED_AT // _PAGE):
        rows = await client.journal(before=before, limit=_PAGE)
        for row in rows:
            if row.direction == "in" and row.id.startswith(beginning):
                found[row.id] = row
        if beginning in found:
            return found[beginning]
        if len(rows) < _PAGE:
            break
        before = min(row.seq for row in rows)
    return _the_only(found, beginning)


def _the_only(found: dict[str, JournalRow], beginning: str) -> JournalRow:
    if not found:
        raise NoSuchMessageError(
            f"no message of id {beginning[:80]!r} came for the operator",
            hint="meshbot inbox shows ids; to answer as an agent: meshbot reply --as NAME",
        )
    if len(found) > 1:
        some = ", ".join(list(found)[:_SHOWN])
        raise InvalidArgumentError(
            f"{len(found)} messages have ids that begin so: {some}", hint="give more of the id"
        )
    return next(iter(found.values()))
