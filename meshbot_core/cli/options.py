"""Options that many commands share, and what a shell may complete for them."""

import sys
from typing import Final

import click
from click.shell_completion import CompletionItem

from meshbot_core.errors import InvalidArgumentError, MeshError, TooLargeError
from meshbot_core.mesh.paths import list_meshes, open_mesh

STANDARD_INPUT: Final = "-"
DEFAULT_MESH: Final = "default"


def complete_mesh(
    _context: click.Context, _parameter: click.Parameter, beginning: str
) -> list[CompletionItem]:
    """The meshes of this home folder."""
    return [CompletionItem(name) for name in list_meshes() if name.startswith(beginning)]


def complete_peer(
    context: click.Context, _parameter: click.Parameter, beginning: str
) -> list[CompletionItem]:
    """The agents of the mesh that the command line names; none when it cannot be read."""
    from meshbot_core.mesh.config import read_config  # noqa: PLC0415 - it is slow, and rarely asked

    try:
        config = read_config(open_mesh(context.params.get("mesh") or DEFAULT_MESH))
    except MeshError:
        return []
    return [
        CompletionItem(name, help=entry.description)
        for name, entry in config.peers.items()
        if name.startswith(beginning)
    ]


mesh_option = click.option(
    "-m",
    "--mesh",
    metavar="NAME",
    default=DEFAULT_MESH,
    show_default=True,
    envvar="MESHBOT_MESH",
    show_envvar=True,
    shell_complete=complete_mesh,
    help="The mesh.",
)

json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON, for programs.")


def message_text(argument: str, max_bytes: int) -> str:
    """The message that a command line means: the argument, or standard input for ``-``.

    One line break at the end of standard input is dropped.

    Raises:
        TooLargeError: Standard input holds more than ``max_bytes``.
        InvalidArgumentError: It is empty, or not UTF-8.
    """
    if argument != STANDARD_INPUT:
        return _checked_unicode(argument)
    data = sys.stdin.buffer.read(max_bytes + 2)
    if len(data.removesuffix(b"\n")) > max_bytes:
        raise TooLargeError(
            f"the message is over {max_bytes} bytes",
            hint="send a path or a link instead, or raise security.maxMessageSizeBytes",
        )
    text = _checked_unicode(data.decode("utf-8", "surrogateescape"))
    if not text:
        raise InvalidArgumentError("nothing came on standard input")
    return text.removesuffix("\n")


def _checked_unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("the message is not valid UTF-8") from error
    return text
