"""The option that names the key that detaches."""

import click

from meshbot_core.cli.detach_key import DEFAULT_KEY, DetachKey


def _key(_context: click.Context, _parameter: click.Parameter, name: str) -> DetachKey:
    return DetachKey.named(name)


detach_key_option = click.option(
    "--detach-key",
    callback=_key,
    metavar="KEY",
    default=DEFAULT_KEY,
    show_default=True,
    envvar="MESHBOT_DETACH_KEY",
    show_envvar=True,
    help="Leaves the session to itself.",
)
