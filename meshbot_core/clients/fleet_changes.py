"""What is not the same between how a session was started and how its fleet file wants it."""

from collections.abc import Iterator, Mapping
from typing import Final

from meshbot_core.clients.fleet_file import FLEET_VARIABLE
from meshbot_core.session.records import SessionOptions

_SHOWN_CHARS: Final = 60
_PROMPT: Final = "--"
_NAMED_FLAGS: Final = {"--model": "model", "--permission-mode": "permission_mode"}


def changes(before: SessionOptions, after: SessionOptions) -> tuple[str, ...]:
    """What changed, one text a member: ``model sonnet → opus``; empty for nothing."""
    old, new = _members(before), _members(after)
    names = dict.fromkeys((*old, *new))
    return tuple(
        _told(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )


def fleet_of(options: SessionOptions) -> str | None:
    """The fleet file that a session was started from; None for one that was started by hand."""
    return options.environment.get(FLEET_VARIABLE)


def _told(name: str, old: str | None, new: str | None) -> str:
    # Variables often hold secrets, and prompts are long.
    if name.startswith("env.") or name == "prompt":
        return name
    return f"{name} {_short(old)} → {_short(new)}"


def _short(value: str | None) -> str:
    text = "none" if value is None else value
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _members(options: SessionOptions) -> Mapping[str, str]:
    """The options by the names that they have in a fleet file; what is not set is left out."""
    found = {
        "folder": options.folder,
        "daemon": "true" if options.kind == "headless" else "false",
        "claude": options.claude,
        "restart": options.restart,
        "approval_limit_s": _text_of(options.approval_limit_s),
        "goes_on_after_limit": _text_of(options.goes_on_after_limit),
        **dict(_of_flags(options.flags)),
    }
    for name, limit in options.limits.model_dump().items():
        found[f"limits.{name}"] = "none" if limit is None else f"{limit:g}"
    for name, value in options.environment.items():
        if name != FLEET_VARIABLE:
            found[f"env.{name}"] = value
    return {name: value for name, value in found.items() if value is not None}


def _text_of(value: bool | float | None) -> str | None:
    """As TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else f"{value:g}"


def _of_flags(flags: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What a file says in members of their own, and the other flags as one text."""
    words = list(flags)
    if _PROMPT in words:
        at = words.index(_PROMPT)
        yield "prompt", " ".join(words[at + 1 :])
        del words[at:]
    others = []
    for word in words:
        flag, _, value = word.partition("=")
        if value and flag in _NAMED_FLAGS:
            yield _NAMED_FLAGS[flag], value
        else:
            others.append(word)
    if others:
        yield "flags", " ".join(others)
