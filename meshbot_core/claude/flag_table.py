"""What becomes of each flag of Claude Code's when a person gives it to ``meshbot start``.

Data only. Taken from ``claude --help`` and from the hidden options of 2.1.197 and 2.1.330.
"""

from dataclasses import dataclass
from typing import Final, Literal

Takes = Literal["nothing", "value", "optional", "many"]
"""What words follow a flag: none, one, one or none, one or more."""

Treatment = Literal["passed", "first_start", "merged", "refused"]
"""``passed`` goes through in every start of the session, ``first_start`` in its first only (a
restart resumes what the first one began), ``merged`` is joined with what the mesh needs, and
``refused`` cannot be had in a session on the mesh."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag, under all its names; ``note`` says why, or what to do instead."""

    names: tuple[str, ...]
    takes: Takes
    treatment: Treatment
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A command of ``claude``'s that is no session; ``instead`` says what is meant."""

    name: str
    instead: str


_TASK: Final = 'for one task use: meshbot run --as NAME "task"'
_DAEMON: Final = "for a session without a terminal use: meshbot start --as NAME --daemon"
_SPEAKS: Final = "meshbot itself speaks to a session without a terminal; " + _DAEMON
_ATTACH: Final = "meshbot keeps sessions in the background itself: meshbot start --as NAME --detach"
_PLAIN: Final = "run claude itself for that"
_NEEDS_HOOKS: Final = "it switches off the hooks and the MCP server that put a session on the mesh"
_RESUMED: Final = "a session on the mesh must be resumable"


def _passed(takes: Takes, *names: str, note: str = "") -> Flag:
    return Flag(names, takes, "passed", note)


def _first(takes: Takes, *names: str, note: str = "") -> Flag:
    return Flag(names, takes, "first_start", note)


def _merged(takes: Takes, *names: str, note: str) -> Flag:
    return Flag(names, takes, "merged", note)


def _refused(takes: Takes, *names: str, note: str) -> Flag:
    return Flag(names, takes, "refused", note)


FLAGS: Final[tuple[Flag, ...]] = (
    # joined with ours
    _merged("value", "--settings", note="his and ours together, hooks side by side"),
    _merged("many", "--mcp-config", note="his servers and the mesh's"),
    _merged("value", "--append-system-prompt", note="his text, then ours where there is one"),
    _merged("value", "--append-system-prompt-file", note="his text, then ours where there is one"),
    _merged("many", "--allowedTools", "--allowed-tools", note="and the tools of the mesh"),
    _merged("many", "--disallowedTools", "--disallowed-tools", note="and the native ListAgents"),
    # where the session begins: a restart resumes it
    _first("nothing", "-c", "--continue"),
    _first("optional", "-r", "--resume"),
    _first("nothing", "--fork-session"),
    _first("optional", "--from-pr"),
    _first("value", "--session-id"),
    _first("optional", "--teleport"),
    _first("value", "--prefill"),
    _first("optional", "-w", "--worktree", note="a restart finds it again when it has a name"),
    # of the model and what it may do
    _passed("value", "--model"),
    _passed("value", "--fallback-model"),
    _passed("value", "--effort"),
    _passed("value", "--advisor"),
    _passed("value", "--thinking"),
    _passed("value", "--thinking-display"),
    _passed("value", "--autocompact"),
    _passed("many", "--betas"),
    _passed("value", "--agent"),
    _passed("value", "--agents"),
    _passed("value", "--permission-mode"),
    _passed("nothing", "--dangerously-skip-permissions"),
    _passed("nothing", "--allow-dangerously-skip-permissions"),
    _passed("nothing", "--restricted", note="settings files are ignored, ours are not"),
    _passed("many", "--tools"),
    _passed("many", "--add-dir"),
    _passed("value", "--system-prompt"),
    _passed("value", "--system-prompt-file"),
    _passed("value", "--system-prompt-snapshot"),
    _passed("nothing", "--exclude-dynamic-system-prompt-sections"),
    _passed("value", "--setting-sources"),
    _passed("nothing", "--strict-mcp-config", note="the mesh's server stays"),
    _passed("value", "--plugin-dir"),
    _passed("value", "--plugin-url"),
    _passed("many", "--channels"),
    _passed("many", "--file"),
    # of the terminal and the tools around it
    _passed("value", "-n", "--name"),
    _passed("nothing", "--ide"),
    _passed("nothing", "--chrome"),
    _passed("nothing", "--no-chrome"),
    _passed("nothing", "--brief"),
    _passed("nothing", "--ax-screen-reader"),
    _passed("nothing", "--disable-slash-commands"),
    _passed("optional", "--prompt-suggestions"),
    _passed("optional", "--remote-control", "--rc"),
    _passed("value", "--remote-control-session-name-prefix"),
    _passed("value", "--max-budget-usd", note="counts in sessions without a terminal only"),
    _passed("optional", "-d", "--debug"),
    _passed("nothing", "--debug-to-stderr", "-d2e"),
    _passed("value", "--debug-file"),
    _passed("nothing", "--verbose"),
    _passed("nothing", "--mcp-debug"),
    # not in a session on the mesh
    _refused("nothing", "-p", "--print", note=_TASK),
    _refused("value", "--output-format", note=_TASK),
    _refused("value", "--input-format", note=_SPEAKS),
    _refused("nothing", "--include-partial-messages", note=_SPEAKS),
    _refused("nothing", "--include-hook-events", note=_SPEAKS),
    _refused("nothing", "--replay-user-messages", note=_SPEAKS),
    _refused("nothing", "--forward-subagent-text", note=_SPEAKS),
    _refused("value", "--sdk-url", note=_SPEAKS),
    _refused("value", "--json-schema", note=_TASK),
    _refused("value", "--max-turns", note="limit turns with the fleet file's limits"),
    _refused("value", "--permission-prompt-tool", note="answer with: meshbot approvals"),
    _refused("value", "--permission-prompts", note="answer with: meshbot approvals"),
    _refused("nothing", "--no-session-persistence", note=_RESUMED),
    _refused("nothing", "--bg", "--background", note=_ATTACH),
    _refused("optional", "--tmux", note=_ATTACH),
    _refused("nothing", "--desktop", note=_PLAIN),
    _refused(
        "optional", "--cloud", "--remote", note="a session in the cloud cannot reach the mesh"
    ),
    _refused("value", "--environment", "--pool", note="such a session cannot reach the mesh"),
    _refused("nothing", "--bare", note=_NEEDS_HOOKS),
    _refused("nothing", "--safe-mode", note=_NEEDS_HOOKS),
    _refused("value", "--messaging-socket-path", note="meshbot finds the session's socket itself"),
    _refused("nothing", "--init-only", note=_PLAIN),
    _refused("nothing", "-h", "--help", note="see: claude --help, meshbot start --help"),
    _refused("nothing", "-v", "--version", note="see: claude --version, meshbot --version"),
)

SUBCOMMANDS: Final[tuple[Subcommand, ...]] = (
    *(
        Subcommand(name, f"run claude itself: claude {name}")
        for name in (
            *("auth", "auto-mode", "config", "daemon", "doctor", "gateway", "import", "install"),
            *("login", "logout", "mcp", "plugin", "plugins", "project", "purge", "setup-token"),
            *("ultrareview", "update", "upgrade", "remote-control"),
        )
    ),
    Subcommand("agents", "see: meshbot ps"),
    Subcommand("attach", "use: meshbot attach NAME"),
    Subcommand("logs", "use: meshbot logs NAME"),
    Subcommand("respawn", "use: meshbot restart NAME"),
    Subcommand("stop", "use: meshbot stop --as NAME"),
    Subcommand("kill", "use: meshbot stop --as NAME"),
    Subcommand("rm", "use: meshbot stop --as NAME"),
)


def flags_markdown() -> str:
    """The table of flags as README shows it."""
    said = {
        "passed": "passed on",
        "first_start": "passed on at the first start",
        "merged": "joined with ours",
        "refused": "refused",
    }
    rows = ["| flag | what becomes of it | |", "| --- | --- | --- |"]
    for flag in FLAGS:
        names = ", ".join(f"`{name}`" for name in flag.names)
        rows.append(f"| {names} | {said[flag.treatment]} | {flag.note} |")
    return "\n".join(rows) + "\n"
