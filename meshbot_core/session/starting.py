"""From what a person wants to what is run: words, environment, and what their files say."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.binary import ClaudeBinary, find_claude, inspect_claude
from meshbot_core.claude.flags import UserFlags, sorted_flags
from meshbot_core.claude.headless import McpServer
from meshbot_core.claude.launch import (
    PATIENT_WITH_SERVERS,
    Given,
    Launch,
    SessionPlan,
    launch,
    session_environment,
)
from meshbot_core.claude.settings import (
    is_inline,
    parse_settings,
    settings_paths,
    user_settings,
)
from meshbot_core.claude.tools import APPROVAL_TOOL, APPROVAL_VARIABLE
from meshbot_core.errors import ClaudeFlagError, SessionFolderError
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.defaults import with_defaults
from meshbot_core.session.hooking import session_hooks, status_line_command
from meshbot_core.session.leftovers import MARK_VARIABLE
from meshbot_core.session.records import SessionOptions
from meshbot_core.session.self_report import SelfReports

SERVER_NAME: Final = "mesh"
_URL_VARIABLE: Final = "MESHBOT_HOOK_URL"
_TOKEN_VARIABLE: Final = "MESHBOT_HOOK_TOKEN"  # noqa: S105 - a name, no secret


@dataclass(frozen=True, slots=True)
class Prepared:
    """A session that can be started; made once, used at each start."""

    agent: AgentPaths
    options: SessionOptions
    binary: ClaudeBinary
    user: UserFlags
    given: Given
    inherited: Mapping[str, str]
    settled: SessionOptions
    """``options``, with what the mesh's configuration says where they say nothing."""

    @property
    def folder(self) -> Path:
        """Where claude runs."""
        return Path(self.options.folder)

    @property
    def hears_hooks(self) -> bool:
        """Whether the user's settings let hooks run; a headless session needs none."""
        return self.options.kind == "headless" or not self.given.configured.hooks_are_off

    @property
    def reports(self) -> SelfReports:
        """Where Claude Code says how its sessions are."""
        together = {**self.inherited, **self.options.environment}
        return SelfReports(_home(together), together.get("CLAUDE_CONFIG_DIR"))

    def begins_like(self, other: "Prepared") -> bool:
        """Whether a conversation that began this way may go on the other way."""
        mine, theirs = self.user, other.user
        is_same_start = (mine.prompt, mine.first_start) == (theirs.prompt, theirs.first_start)
        return is_same_start and self.folder == other.folder

    def launch(self, *, hook_url: str, conversation: str, resume: str | None) -> Launch:
        """The words behind ``claude``."""
        theirs = self.given.configured.status_line
        plan = SessionPlan(
            kind=self.options.kind,
            version=self.binary.version,
            server=self._server(),
            hooks=session_hooks(hook_url, waiter_limit_s=self.options.waiter_limit_s),
            session_id=conversation,
            status_line=status_line_command(theirs.command if theirs else None)
            if self.options.kind == "interactive"
            else None,
            approval_tool=APPROVAL_TOOL,
        )
        return launch(plan, self.user, self.given, resume=resume)

    def environment(self, *, hook_url: str, token: str) -> Mapping[str, str]:
        """The environment of ``claude``."""
        ours = {
            **self.options.environment,
            "MESHBOT_HOME": str(self.agent.mesh.home),
            MARK_VARIABLE: str(self.agent.folder),
            _URL_VARIABLE: hook_url,
            _TOKEN_VARIABLE: token,
        }
        if runtime := os.environ.get("XDG_RUNTIME_DIR"):
            # The session's MCP server must look for our socket where we put it.
            ours["XDG_RUNTIME_DIR"] = runtime
        if self.options.kind == "headless":
            patience = {n: t for n, t in PATIENT_WITH_SERVERS.items() if n not in self.inherited}
            ours = {**patience, **ours, APPROVAL_VARIABLE: "1"}
        return session_environment(self.inherited, ours)

    def _server(self) -> McpServer:
        words = ("serve", "--as", self.agent.agent, "-m", self.agent.mesh.mesh)
        command = (sys.executable, "-m", "meshbot_core.cli.main", *words)
        return McpServer(SERVER_NAME, command, {})


def prepared(agent: AgentPaths, options: SessionOptions) -> Prepared:
    """Check what can be checked before anything is started.

    Raises:
        ClaudeError: Claude Code is missing or too old, or a flag cannot be taken.
        SessionFolderError: The folder is not there.
        ConfigError: The mesh's configuration cannot be read.
    """
    folder = Path(options.folder)
    if not folder.is_dir():
        raise SessionFolderError(
            f"the folder {options.folder} is not there", hint="make it, or name another"
        )
    inherited = options.inherited or dict(os.environ)
    together = {**inherited, **options.environment}
    home = _home(together)
    user = sorted_flags(options.flags)
    complete = with_defaults(options, agent.mesh)
    binary = inspect_claude(
        find_claude(complete.claude, environment=together, home=home), environment=together
    )
    paths = settings_paths(home, folder, config_folder=together.get("CLAUDE_CONFIG_DIR"))
    settings = parse_settings(_settings_text(user.settings, folder)) if user.settings else {}
    documents = [text for text in map(_text_of, paths) if text is not None]
    given = Given(
        settings=settings,
        system_prompt_file=_named_text(user.append_system_prompt_file, folder),
        configured=user_settings([*documents, *_inline(user.settings, folder)]),
    )
    return Prepared(agent, options, binary, user, given, inherited, complete)


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or Path.home())


def _inline(value: str | None, folder: Path) -> list[str]:
    return [_settings_text(value, folder)] if value else []


def _settings_text(value: str, folder: Path) -> str:
    return value if is_inline(value) else (_named_text(value, folder) or "")


def _named_text(name: str | None, folder: Path) -> str | None:
    if name is None:
        return None
    path = folder / Path(name).expanduser()
    text = _text_of(path)
    if text is None:
        raise ClaudeFlagError(f"{path} cannot be read", hint="correct the flag that names it")
    return text


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None
