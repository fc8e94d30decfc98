"""``inbox``: the messages of an agent of this machine, through its host."""

import asyncio
import textwrap
from collections.abc import AsyncIterator

import click

from meshbot_core.cli.options import complete_peer, json_option, mesh_option
from meshbot_core.cli.show import JsonRows, line, note, paint
from meshbot_core.clients.text import clock_time, plain, prose
from meshbot_core.host.api import HostEvent, MessageBatch, MessageView
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import speaker
from meshbot_core.mesh.paths import AgentPaths, open_mesh


@click.command()
@click.option(
    "--as",
    "name",
    metavar="NAME",
    shell_complete=complete_peer,
    help="The agent of this machine.  [default: you, the operator]",
)
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on as messages come in.")
@json_option
@mesh_option
def inbox(name: str | None, *, is_following: bool, is_json: bool, mesh: str) -> None:
    """Show the messages that came in; what was shown counts as read.

    With --json a list; with --follow too, one object a line.
    """
    paths = open_mesh(mesh)
    agent = paths.agent(speaker(name, read_config(paths)))
    asyncio.run(_follow(agent, is_json=is_json) if is_following else _show(agent, is_json=is_json))


async def _show(agent: AgentPaths, *, is_json: bool) -> None:
    async with HostClient.connected(agent, kind="cli", spawn=SpawnOptions()) as client:
        await _warn_of_readers(client)
        count = 0
        if is_json:
            with JsonRows() as rows:
                async for message in _taken(client):
                    rows.add(_as_row(message))
            return
        async for message in _taken(client):
            count += 1
            _print(message)
        if not count:
            note(f'No new messages for "{agent.agent}".')


async def _follow(agent: AgentPaths, *, is_json: bool) -> None:
    spawn = SpawnOptions()
    async with HostClient.connected(agent, kind="cli", spawn=spawn, present=True) as client:
        await _warn_of_readers(client)
        note(f'Messages for "{agent.agent}" as they come; Ctrl-C ends.')
        async for _ in _occasions(client.events()):
            async for message in _taken(client):
                if is_json:
                    JsonRows.print_row(_as_row(message))
                else:
                    _print(message)


async def _occasions(events: AsyncIterator[HostEvent]) -> AsyncIterator[HostEvent]:
    """The events after which there may be something to read."""
    async for event in events:
        if event.type in ("hello", "message"):
            yield event


async def _taken(client: HostClient) -> AsyncIterator[MessageView]:
    """Messages until none waits; each batch is acknowledged once all of it was shown."""
    batch = MessageBatch(remaining=1)
    while batch.remaining:
        batch = await client.check()
        for message in batch.messages:
            yield message
        if not batch.messages:
            return
        await client.settle(acknowledge=[batch.lease_id])


async def _warn_of_readers(client: HostClient) -> None:
    status = await client.status()
    readers = [other for other in status.clients if other.kind == "serve"]
    if readers:
        note(
            f'A session (pid {readers[0].pid}) is "{status.agent}" now; '
            "what is shown here it will not see."
        )


def _print(message: MessageView) -> None:
    marks = [message.kind, plain(message.id)]
    if message.reply_to:
        marks.append(f"answers {plain(message.reply_to)}")
    if message.shown_before:
        marks.append("shown before")
    head = f"{paint(plain(message.sender), 'bold')}  {clock_time(message.received_at_ms)}"
    line(f"{head}  {paint(', '.join(marks), 'dim')}")
    line(textwrap.indent(prose(message.text), "  ", lambda row: True))
    if message.kind == "ask":
        line(
            paint(
                f"  answer: meshbot reply {plain(message.sender)} {plain(message.id)} TEXT", "dim"
            )
        )
    line()


def _as_row(message: MessageView) -> dict[str, str | int | bool | None]:
    return {
        "id": message.id,
        "from": message.sender,
        "type": message.kind,
        "message": message.text,
        "replyTo": message.reply_to,
        "timestamp": message.sent_at_ms,
        "receivedAt": message.received_at_ms,
        "shownBefore": message.shown_before,
    }
