"""Settings of Claude Code: where a person's lie, what in them concerns us, and joining ours.

Claude Code takes one ``--settings`` only (the last) and joins it with the settings files: hooks
of all run, one status line is shown. So what a person gives by flag is joined with ours here.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from meshbot_core.errors import ClaudeFlagError

Settings = Mapping[str, JsonValue]

_SOURCES: Final = ("user", "project", "local")
_MANAGED: Final = {
    "darwin": "/Library/Application Support/ClaudeCode/managed-settings.json",
    "linux": "/etc/claude-code/managed-settings.json",
}


class StatusLine(BaseModel):
    """A configured status line; members that we do not know stay."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = "command"
    command: str = ""


class UserSettings(BaseModel):
    """What in a person's settings decides how ours must look.

    ``http_hook_urls`` and ``http_hook_variables``: when a list is there, hooks over HTTP that
    it does not name are blocked. ``hooks_are_off`` switches off ours, too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    status_line: StatusLine | None = Field(default=None, alias="statusLine")
    hooks_are_off: bool | None = Field(default=None, alias="disableAllHooks")
    http_hook_urls: tuple[str, ...] | None = Field(default=None, alias="allowedHttpHookUrls")
    http_hook_variables: tuple[str, ...] | None = Field(
        default=None, alias="httpHookAllowedEnvVars"
    )


def settings_paths(
    home: Path,
    folder: Path,
    *,
    config_folder: str | None = None,
    sources: str | None = None,
) -> tuple[Path, ...]:
    """The settings files that a session in ``folder`` reads, the one that wins last.

    Args:
        home: The user's home folder.
        folder: Where the session runs.
        config_folder: ``CLAUDE_CONFIG_DIR``, when it is set.
        sources: The value of ``--setting-sources``, when it is given.
    """
    user = Path(config_folder) if config_folder else home / ".claude"
    files = {
        "user": user / "settings.json",
        "project": folder / ".claude" / "settings.json",
        "local": folder / ".claude" / "settings.local.json",
    }
    wanted = _SOURCES if sources is None else tuple(part.strip() for part in sources.split(","))
    managed = _MANAGED.get(sys.platform)
    chosen = tuple(files[source] for source in _SOURCES if source in wanted)
    return (*chosen, Path(managed)) if managed else chosen


def user_settings(documents: Iterable[str | bytes]) -> UserSettings:
    """What several settings files say together; the last that says a thing wins.

    Lists come together from all. A file that is no JSON, or says a thing wrongly, says nothing:
    Claude Code itself tells the user about it.
    """
    together = UserSettings()
    for document in documents:
        try:
            said = UserSettings.model_validate_json(document)
        except ValidationError:
            continue
        together = UserSettings(
            status_line=said.status_line or together.status_line,
            hooks_are_off=_either(said.hooks_are_off, together.hooks_are_off),
            http_hook_urls=_joined(together.http_hook_urls, said.http_hook_urls),
            http_hook_variables=_joined(together.http_hook_variables, said.http_hook_variables),
        )
    return together


def _either(new: bool | None, old: bool | None) -> bool | None:
    return old if new is None else new


def _joined(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(dict.fromkeys(one + other))


def is_inline(value: str) -> bool:
    """Whether the value of ``--settings`` is JSON itself, and not the path of a file."""
    text = value.strip()
    return text.startswith("{") and text.endswith("}")


def parse_settings(document: str, *, source: str = "--settings") -> Settings:
    """The settings that a person gave by flag: inline, or the text of the file they named.

    Raises:
        ClaudeFlagError: It is no JSON object.
    """
    try:
        said: JsonValue = json.loads(document.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ClaudeFlagError(f"{source} is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise ClaudeFlagError(f"{source} must be a JSON object")
    return said


def joined_settings(theirs: Settings, ours: Settings) -> Settings:
    """Both together: objects member by member, lists one after the other, else ours."""
    together = dict(theirs)
    for name, value in ours.items():
        together[name] = _joined_values(theirs[name], value) if name in theirs else value
    return together


def _joined_values(theirs: JsonValue, ours: JsonValue) -> JsonValue:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return dict(joined_settings(theirs, ours))
    if isinstance(theirs, list) and isinstance(ours, list):
        return [*theirs, *(value for value in ours if value not in theirs)]
    return ours
