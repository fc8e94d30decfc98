"""``meshbot``: the entry point, and the table of commands, loaded when one is used.

Nothing but click is imported before a command is known, so that ``--help`` is quick.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Final

import click

from meshbot_core.cli.border import exit_status
from meshbot_core.version import VERSION


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and its line in the list of commands."""

    section: str
    name: str
    module: str
    gist: str


COMMANDS: Final = (
    Entry("Mesh", "init", "meshes", "Create a mesh and its key."),
    Entry("Mesh", "add-peer", "peers", "Add an agent of another machine, or change one."),
    Entry("Mesh", "remove-peer", "peers", "Take an agent out of the mesh."),
    Entry("Mesh", "status", "status", "Show every agent and whether it is online."),
    Entry("Mesh", "export-key", "meshes", "Print the mesh key (a secret)."),
    Entry("Mesh", "export-root-pub", "meshes", "Print the public key that signs manifests."),
    Entry("Messages", "send", "send", "Send a message to an agent."),
    Entry("Messages", "ask", "ask", "Ask an agent and print its answer."),
    Entry("Messages", "reply", "ask", "Answer a message that came in."),
    Entry("Messages", "inbox", "inbox", "Show the messages that came in."),
    Entry("Messages", "answer", "answer", "Answer a message that came for you, the operator."),
    Entry("Agents", "start", "start", "Start Claude Code as an agent of the mesh."),
    Entry("Agents", "attach", "attach", "Show an agent's screen, and type into it."),
    Entry("Agents", "run", "run", "Let an agent do one task, and end."),
    Entry("Agents", "up", "up", "Start the agents of a fleet file, or apply its edits."),
    Entry("Agents", "down", "up", "Stop the agents of a fleet file."),
    Entry("Agents", "stop", "lifecycle", "End an agent's session."),
    Entry("Agents", "restart", "lifecycle", "Start sessions again, in the same conversations."),
    Entry("Agents", "ps", "ps", "Show the agents of this machine and what each does."),
    Entry("Agents", "logs", "logs", "Show what happened in an agent's session."),
    Entry("Agents", "approvals", "approvals", "Show the tool calls that wait for your word."),
    Entry("Agents", "approve", "approvals", "Allow a tool call."),
    Entry("Agents", "deny", "approvals", "Refuse a tool call."),
    Entry("Agents", "resume", "lifecycle", "Let an agent go on that went past a limit."),
    Entry("Agents", "serve", "serve", "Be an agent's MCP server (Claude Code starts this)."),
    Entry("Help", "doctor", "doctor", "Check this machine and mesh, and say what to repair."),
    Entry("Help", "completion", "completion", "Print the completion script of a shell."),
)
_BY_NAME: Final = {entry.name: entry for entry in COMMANDS}


class LazyGroup(click.Group):
    """Commands from ``COMMANDS``; a command's module is imported when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(_BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and take the command from it."""
        entry = _BY_NAME.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"meshbot_core.cli.{entry.module}")
        command = getattr(module, entry.name.replace("-", "_"))
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.{entry.name} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with our names to guess what was meant."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and name not in _BY_NAME:
            raise click.exceptions.NoSuchCommand(name, possibilities=_BY_NAME, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table in sections, without importing any of it."""
        longest = max(len(entry.name) for entry in COMMANDS)
        for section in dict.fromkeys(entry.section for entry in COMMANDS):
            rows = [
                (entry.name.ljust(longest), entry.gist)
                for entry in COMMANDS
                if entry.section == section
            ]
            with formatter.section(section):
                formatter.write_dl(rows)


def _show_version(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if not is_wanted or ctx.resilient_parsing:
        return
    click.echo(f"meshbot {VERSION}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    name="meshbot",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: meshbot init default",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def root() -> None:
    """Give Claude Code agents a name, an inbox and each other."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit status.

    Files that a command makes are the user's own (umask 077), from their first byte.
    """
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    return exit_status(lambda: _run(words))


def _run(words: list[str]) -> None:
    instruction = os.environ.get("_MESHBOT_COMPLETE")
    if instruction:
        completion = importlib.import_module("click.shell_completion")
        status = completion.shell_complete(root, {}, "meshbot", "_MESHBOT_COMPLETE", instruction)
        raise click.exceptions.Exit(status)
    with root.make_context("meshbot", words) as context:
        root.invoke(context)


if __name__ == "__main__":
    sys.exit(main())
