"""``send``: one message, tried once without a host, or handed to one that keeps trying."""

import click

from meshbot_core.cli.options import complete_peer, mesh_option, message_text
from meshbot_core.cli.show import line
from meshbot_core.clients.text import plain
from meshbot_core.errors import PeerUnreachableError
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.keys import read_mesh_key
from meshbot_core.mesh.operator import receiver, speaker
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.mesh.peers import peer
from meshbot_core.node.oneshot import send_once
from meshbot_core.types import SystemClock


@click.command()
@click.argument("to", shell_complete=complete_peer)
@click.argument("message")
@click.option(
    "--from",
    "name",
    metavar="NAME",
    shell_complete=complete_peer,
    help="In whose name.  [default: you, the operator]",
)
@click.option(
    "--queue", "is_queued", is_flag=True, help="Keep it and try again for a day while TO is down."
)
@mesh_option
def send(to: str, message: str, name: str | None, *, is_queued: bool, mesh: str) -> None:
    """Send MESSAGE to agent TO; - reads it from standard input.

    Without --queue it is tried once, and ends with 1 when TO is down.
    """
    paths = open_mesh(mesh)
    config = read_config(paths)
    to = receiver(to, config)
    if not is_queued:
        peer(config, to)
    sender = speaker(name, config)
    text = message_text(message, config.security.max_message_size_bytes)
    if is_queued:
        # Imported here so that a plain send does not wait for it.
        from meshbot_core.cli.queueing import queue  # noqa: PLC0415 - only --queue needs it

        queue(paths.agent(sender), to, text)
        return
    key = read_mesh_key(paths)
    now_ms = SystemClock().now_ms()
    try:
        sent_id = send_once(config, key, paths, sender=sender, to=to, message=text, now_ms=now_ms)
    except PeerUnreachableError as error:
        error.hint = "keep it and try again with: meshbot send --queue ..."
        raise
    line(f'Message sent to "{plain(to)}" ({sent_id})')
