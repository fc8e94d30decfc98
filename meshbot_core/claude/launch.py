"""How a session that is on the mesh is started: arguments and environment of ``claude``.

Ours is added to what the user has and wants: settings, hooks, MCP servers and tool rules come
together, and a status line of ours takes the place of theirs only to show theirs.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from meshbot_core.claude.flags import UserFlags
from meshbot_core.claude.headless import McpServer, mcp_config
from meshbot_core.claude.hook_settings import SessionHooks, SessionKind, hook_settings
from meshbot_core.claude.settings import Settings, UserSettings, joined_settings
from meshbot_core.claude.version import Version

_NATIVE_LIST: Final = "ListAgents"
"""Claude Code's own list of sessions (2.1.330), beside which ours would not be found. A version
that lacks it takes no offence at the name."""

_OF_ANOTHER_SESSION: Final = frozenset(
    {
        "AI_AGENT",
        "CLAUDECODE",
        "CLAUDE_CODE_CHILD_NOTES_DIR",
        "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_EXECPATH",
        "CLAUDE_CODE_MESSAGING_SOCKET",
        "CLAUDE_CODE_MESSAGING_TOKEN",
        "CLAUDE_CODE_SESSION_ATTENDED",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_EFFORT",
        "CLAUDE_PID",
        "CLAUDE_PROJECT_DIR",
    }
)
"""What Claude Code gives its children: a host that was started from within a session has them."""

_LOOPBACK: Final = ("127.0.0.1", "localhost")
_STREAMED: Final = (
    "-p",
    "--verbose",
    "--input-format=stream-json",
    "--output-format=stream-json",
    "--replay-user-messages",
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the files say that the user's flags and home name; the caller has read them.

    ``settings`` is what ``--settings`` holds, ``system_prompt_file`` the text of the file of
    ``--append-system-prompt-file``, ``configured`` what all settings say together.
    """

    settings: Settings = field(default_factory=dict)
    system_prompt_file: str | None = None
    configured: UserSettings = field(default_factory=UserSettings)


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What the host wants of a session.

    ``server`` is our MCP server; its environment can be read by every process of the machine,
    so it holds no secret: those go into the environment of ``claude``, which the server
    inherits. ``session_id`` is for a session that begins anew. ``status_line`` is a shell
    command of ours that shows the user's own, found in ``Given.configured``.
    ``approval_tool`` is the tool of ``server`` that a headless session asks for permission.
    """

    kind: SessionKind
    version: Version
    server: McpServer
    hooks: SessionHooks | None = None
    session_id: str | None = None
    status_line: str | None = None
    system_prompt: str | None = None
    approval_tool: str | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """The words behind ``claude``; ``prompt`` is still to be sent to a headless session.

    ``notices`` tell the user what in their settings keeps parts of the mesh from working.
    """

    arguments: tuple[str, ...]
    prompt: str | None = None
    notices: tuple[str, ...] = ()


def launch(
    plan: SessionPlan, user: UserFlags, given: Given | None = None, *, resume: str | None = None
) -> Launch:
    """How to start the session, or with ``resume`` (a session id) how to go on with it."""
    files = given or Given()
    prompt = None if resume else user.prompt
    is_headless = plan.kind == "headless"
    words = [*(_STREAMED if is_headless else ()), *user.passed, *_beginning(plan, user, resume)]
    words.append(f"--settings={_compact(session_settings(plan, files))}")
    words += [f"--mcp-config={config}" for config in (*user.mcp_configs, mcp_config(plan.server))]
    words += [f"--allowedTools={rule}" for rule in (*user.allowed_tools, _rule(plan.server))]
    words += [f"--disallowedTools={rule}" for rule in (*user.disallowed_tools, _NATIVE_LIST)]
    words += _system_prompt(plan, user, files)
    if is_headless and plan.approval_tool:
        words.append(f"--permission-prompt-tool={_rule(plan.server)}__{plan.approval_tool}")
    if prompt is not None and not is_headless:
        words += ["--", prompt]
    return Launch(tuple(words), prompt if is_headless else None, _notices(plan, files))


def session_settings(plan: SessionPlan, given: Given) -> Settings:
    """The value of ``--settings``: the user's, joined with ours."""
    ours: dict[str, JsonValue] = {}
    if plan.hooks:
        ours |= hook_settings(plan.hooks, plan.version, plan.kind)
        if given.configured.http_hook_urls is not None:
            ours["allowedHttpHookUrls"] = [plan.hooks.events.url]
        if given.configured.http_hook_variables is not None:
            ours["httpHookAllowedEnvVars"] = [plan.hooks.events.token_variable]
    if plan.status_line:
        theirs = given.configured.status_line
        line = theirs.model_dump() if theirs else {}
        ours["statusLine"] = line | {"type": "command", "command": plan.status_line}
    return joined_settings(given.settings, ours)


PATIENT_WITH_SERVERS: Final[Mapping[str, str]] = {
    "MCP_CONNECTION_NONBLOCKING": "0",
    "MCP_CONNECT_TIMEOUT_MS": "30000",
}
"""Has ``claude -p`` wait for its MCP servers before its first request.

2.1.197 waits 5 s at most: on a slow machine its first turn has no tools, or, where one of them
answers permission prompts, never ends.
"""


def session_environment(
    inherited: Mapping[str, str], added: Mapping[str, str]
) -> Mapping[str, str]:
    """The environment of ``claude``: ``inherited``, without another session's marks, and ours.

    Loopback addresses are reached without a proxy: hooks are posted there.
    """
    kept = {name: value for name, value in inherited.items() if name not in _OF_ANOTHER_SESSION}
    together = kept | dict(added)
    direct = _without_proxy(together.get(name, "") for name in ("NO_PROXY", "no_proxy"))
    return together | {"NO_PROXY": direct, "no_proxy": direct}


def _without_proxy(lists: Iterable[str]) -> str:
    named = [part.strip() for text in lists for part in text.split(",")]
    return ",".join(dict.fromkeys(part for part in (*named, *_LOOPBACK) if part))


def _beginning(plan: SessionPlan, user: UserFlags, resume: str | None) -> tuple[str, ...]:
    if resume:
        return (f"--resume={resume}",)
    if plan.session_id and not user.begins_elsewhere:
        return (*user.first_start, f"--session-id={plan.session_id}")
    return user.first_start


def _system_prompt(plan: SessionPlan, user: UserFlags, given: Given) -> list[str]:
    """The user's flags as they are, or one text of all: 2.1.197 takes but one of the two."""
    text, file = user.append_system_prompt, user.append_system_prompt_file
    if plan.system_prompt is None:
        named = {"--append-system-prompt": text, "--append-system-prompt-file": file}
        return [f"{name}={value}" for name, value in named.items() if value is not None]
    parts = (text, given.system_prompt_file if file is not None else None, plan.system_prompt)
    return ["--append-system-prompt=" + "\n\n".join(part for part in parts if part)]


def _rule(server: McpServer) -> str:
    return f"mcp__{server.name}"


def _compact(settings: Settings) -> str:
    return json.dumps(dict(settings), separators=(",", ":"))


def _notices(plan: SessionPlan, given: Given) -> tuple[str, ...]:
    if plan.hooks and given.configured.hooks_are_off:
        return (
            "Hooks are switched off in your settings (disableAllHooks): a session in a terminal is "
            "told that messages wait, and fetches them; less is known of what it does.",
        )
    return ()
