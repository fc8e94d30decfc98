"""``logs``: what happened in an agent's session, from the file that its host writes."""

import contextlib
import time
from collections.abc import Sequence
from typing import Final

import click

from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.show import line, note, paint
from meshbot_core.clients.followed import Followed
from meshbot_core.clients.looks import local_agent
from meshbot_core.clients.text import plain
from meshbot_core.mesh.paths import open_mesh

_LOOK_AGAIN_S: Final = 0.2
_MOST_LINES: Final = 100_000


@click.command()
@click.argument("name", shell_complete=complete_peer)
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on as lines come.")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(0, _MOST_LINES),
    default=50,
    show_default=True,
    metavar="N",
    help="How many lines from the end.",
)
@click.option("--host", "has_host", is_flag=True, help="The lines of its host too.")
@mesh_option
def logs(*, name: str, is_following: bool, count: int, has_host: bool, mesh: str) -> None:
    """Show what happened in an agent's session; it need not run."""
    agent = local_agent(open_mesh(mesh), name)
    with contextlib.ExitStack() as stack:
        followed = [stack.enter_context(Followed(agent.session_log))]
        if has_host:
            followed.insert(0, stack.enter_context(Followed(agent.host_log, mark="host")))
        is_empty = not _print_ends(followed, count)
        if is_empty and not is_following:
            note(f'"{plain(name)}" has no log yet.')
        while is_following:
            for log in followed:
                for text in log.more():
                    _print(log, text)
            time.sleep(_LOOK_AGAIN_S)


def _print_ends(shown: Sequence[Followed], count: int) -> bool:
    """Print the last lines of each; whether there were any."""
    ends = [(log, text) for log in shown for text in log.last(count)]
    for log, text in ends:
        _print(log, text)
    return bool(ends)


def _print(log: Followed, text: str) -> None:
    mark = paint(f"{log.mark} ", "dim") if log.mark else ""
    line(mark + plain(text))
