"""``run``: one task for a headless session of an agent, told as it goes."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import click

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.cli.foreground import Asked, stop_when
from meshbot_core.cli.options import STANDARD_INPUT, complete_peer, mesh_option, message_text
from meshbot_core.cli.show import line, note, paint
from meshbot_core.clients.starting import Wanted, started
from meshbot_core.clients.text import plain, prose
from meshbot_core.errors import InvalidArgumentError, NoSessionError
from meshbot_core.host.api import GoodbyeEvent, Hello, HostEvent
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import LogEvent, SessionEvent
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.session.records import SessionOptions, SessionState, SessionView

_DONE: Final[frozenset[SessionState]] = frozenset({"idle", "paused", "deaf"})
_WORTH_A_NOTE: Final[frozenset[SessionState]] = frozenset(
    {"needs_approval", "asks_operator", "limited", "stalled"}
)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("task")
@click.option(
    "--as",
    "name",
    metavar="NAME",
    required=True,
    shell_complete=complete_peer,
    help="The agent's name on the mesh.",
)
@click.option(
    "--folder", metavar="FOLDER", default=".", type=click.Path(), help="Where it works.  [here]"
)
@mesh_option
@click.argument("flags", nargs=-1, type=click.UNPROCESSED, metavar="[-- CLAUDE FLAGS...]")
@click.pass_context
def run(
    context: click.Context,
    *,
    task: str,
    name: str,
    folder: str,
    mesh: str,
    flags: tuple[str, ...],
) -> None:
    """Let agent NAME do TASK and end: what it says comes on standard output.

    TASK may be - for standard input. Ends with 0 when the task was done, else with 1. Meanwhile
    the agent is on the mesh; what needs a permission waits for: meshbot approvals.
    """
    if task.startswith("-") and task != STANDARD_INPUT:
        raise InvalidArgumentError(
            f"the task comes before claude's flags, and {task!r} is one",
            hint='meshbot run --as NAME "TASK" -- CLAUDE FLAGS...',
        )
    paths = open_mesh(mesh)
    text = message_text(task, read_config(paths).security.max_message_size_bytes)
    words = (*flags, "--", text)
    wanted = Wanted(
        agent=paths.agent(name),
        options=SessionOptions(
            kind="headless",
            folder=str(Path(folder).expanduser().absolute()),
            flags=words,
            restart="never",
        ),
        flags=sorted_flags(words),
    )
    context.exit(asyncio.run(_run(wanted)))


async def _run(wanted: Wanted) -> int:
    asked = Asked()
    with asked.listening():
        async with started(wanted) as client, asyncio.TaskGroup() as group:
            stopping = group.create_task(stop_when(asked, client))
            status = await _told(client)
            stopping.cancel()
            if not asked.number:
                await _end(client)
    return asked.status if asked.number else status


async def _told(client: HostClient) -> int:
    """Tell what happens until the task is done; its status."""
    has_failed, before, limits = False, "", 0
    async for event in client.events():
        if isinstance(event, LogEvent):
            has_failed |= event.what == "failed"
            _tell(event)
        elif (view := _view_in(event)) is not None:
            if view.state != before and view.state in _WORTH_A_NOTE:
                note(f"{view.state.replace('_', ' ')}: {plain(view.reason)}".rstrip(": "))
            if view.state == "limited" != before:
                # Not the task's failure: it goes on in a turn of its own.
                has_failed, limits = False, limits + 1
            before = view.state
            if view.is_over:
                note(f"the session ended: {plain(view.reason or view.state)}")
                return 1
            turns = view.turns - limits
            if turns > 1 or (turns == 1 and view.state in _DONE):
                return int(has_failed)
    return 1


def _view_in(event: HostEvent) -> SessionView | None:
    match event:
        case Hello(status=status):
            return status.session
        case SessionEvent(session=view):
            return view
        case GoodbyeEvent():
            raise NoSessionError("the agent's host was ended before the task was done")
    return None


def _tell(event: LogEvent) -> None:
    if event.what == "said":
        line(prose(event.text))
    elif event.what == "tool" and event.text:
        note(paint(f"  {plain(event.text)}", "dim", sys.stderr))
    elif event.what == "failed":
        note(f"{paint('failed', 'red', sys.stderr)}: {prose(event.text)}")


async def _end(client: HostClient) -> None:
    try:
        await SessionClient(client).stop()
    except NoSessionError:
        return  # it ended by itself meanwhile
