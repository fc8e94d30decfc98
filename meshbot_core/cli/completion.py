"""``completion``: the script that teaches a shell our commands."""

import click
from click.shell_completion import get_completion_class

from meshbot_core.cli.show import line
from meshbot_core.errors import InvalidArgumentError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash: meshbot completion bash > ~/.local/share/bash-completion/completions/meshbot
    zsh:  eval "$(meshbot completion zsh)"     in ~/.zshrc
    fish: meshbot completion fish > ~/.config/fish/completions/meshbot.fish
    """  # noqa: D301 - click reads backslash-b
    made_by = get_completion_class(shell)
    if made_by is None:
        raise InvalidArgumentError(f"no completion for {shell}")
    whole = context.find_root().command
    script = made_by(whole, {}, "meshbot", "_MESHBOT_COMPLETE")
    line(script.source_template % script.source_vars())
