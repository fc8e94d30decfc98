"""A person's words for ``claude``, sorted: what passes, what is merged, what cannot be.

Reads words as Claude Code's own command line does, so that nothing means something else here.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.claude.flag_table import FLAGS, SUBCOMMANDS, Flag
from meshbot_core.errors import ClaudeFlagError

_BY_NAME: Final = {name: flag for flag in FLAGS for name in flag.names}
_INSTEAD: Final = {command.name: command.instead for command in SUBCOMMANDS}
_BEGINS_ELSEWHERE: Final = frozenset({"-c", "-r", "--from-pr", "--teleport", "--session-id"})
_KEPT_WHEN_NAMED: Final = frozenset({"-w"})
"""Resuming goes back to the conversation, but not into its worktree: that must be named again."""
_SHOWN_CHARS: Final = 80


@dataclass(frozen=True, slots=True)
class UserFlags:
    """What a person wants of Claude Code.

    ``passed`` are words for every start, ``first_start`` for the first one only: a restart
    resumes. Values of merged flags stand by themselves; of those that Claude Code takes once,
    the last.
    """

    passed: tuple[str, ...] = ()
    first_start: tuple[str, ...] = ()
    prompt: str | None = None
    settings: str | None = None
    mcp_configs: tuple[str, ...] = ()
    append_system_prompt: str | None = None
    append_system_prompt_file: str | None = None
    allowed_tools: tuple[str, ...] = ()
    disallowed_tools: tuple[str, ...] = ()
    begins_elsewhere: bool = False
    """The session's id is the user's choice, or that of an older session: give it none."""


def sorted_flags(words: Iterable[str]) -> UserFlags:
    """Sort the words that a person gave for ``claude``.

    A flag that is not in the table passes, with the word behind it if that is no flag: Claude
    Code may be newer than we are, and says itself what it does not know.

    Raises:
        ClaudeFlagError: A flag or command that a session on the mesh cannot take, a value that
            is missing, or more than one prompt.
    """
    sorting = _Sorting(deque(words))
    while sorting.words:
        sorting.take(sorting.words.popleft())
    return sorting.result()


@dataclass(slots=True)
class _Sorting:
    words: deque[str]
    passed: list[str] = field(default_factory=list)
    first_start: list[str] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)
    merged: dict[str, list[str]] = field(default_factory=dict)
    begins_elsewhere: bool = False

    def take(self, word: str) -> None:
        """Sort one word, and those that belong to it."""
        if word == "--":
            self.operands += self.words
            self.words.clear()
        elif not _is_flag(word):
            self.operands.append(word)
        elif flag := _BY_NAME.get(word):
            self._take_flag(flag, word, self._values(flag, word))
        elif word.startswith("--"):
            self._take_long(word)
        else:
            self._take_short(word)

    def _take_long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        flag = _BY_NAME.get(name)
        if flag is None:
            self.passed.append(word)
            if not equals and self.words and not _is_flag(self.words[0]):
                self.passed.append(self.words.popleft())
        elif flag.takes == "nothing":
            raise ClaudeFlagError(f"{name} takes no value")
        else:
            self._take_flag(flag, name, (value,))

    def _take_short(self, word: str) -> None:
        flag = _BY_NAME.get(word[:2])
        if flag is None:
            self.passed.append(word)
        elif flag.takes == "nothing":
            self._take_flag(flag, word[:2], ())
            self.words.appendleft(f"-{word[2:]}")
        else:
            self._take_flag(flag, word[:2], (word[2:],))

    def _values(self, flag: Flag, name: str) -> tuple[str, ...]:
        if flag.takes == "nothing":
            return ()
        if flag.takes == "optional":
            return (self.words.popleft(),) if self._has_value() else ()
        if not self.words:
            raise ClaudeFlagError(f"{name} needs a value")
        values = [self.words.popleft()]
        while flag.takes == "many" and self._has_value():
            values.append(self.words.popleft())
        return tuple(values)

    def _has_value(self) -> bool:
        return bool(self.words) and not _is_flag(self.words[0])

    def _take_flag(self, flag: Flag, name: str, values: tuple[str, ...]) -> None:
        treatment = flag.treatment
        if values and flag.names[0] in _KEPT_WHEN_NAMED:
            treatment = "passed"
        match treatment:
            case "refused":
                raise ClaudeFlagError(
                    f"{name} cannot be given to a session on the mesh", hint=flag.note
                )
            case "merged":
                self.merged.setdefault(flag.names[0], []).extend(values)
            case "first_start":
                self.begins_elsewhere |= flag.names[0] in _BEGINS_ELSEWHERE
                self.first_start += _written(flag, values)
            case "passed":
                self.passed += _written(flag, values)

    def result(self) -> UserFlags:
        """Everything, sorted."""
        self._check_operands()
        return UserFlags(
            passed=tuple(self.passed),
            first_start=tuple(self.first_start),
            prompt=self.operands[0] if self.operands else None,
            settings=self._last("--settings"),
            mcp_configs=self._all("--mcp-config"),
            append_system_prompt=self._last("--append-system-prompt"),
            append_system_prompt_file=self._last("--append-system-prompt-file"),
            allowed_tools=self._all("--allowedTools"),
            disallowed_tools=self._all("--disallowedTools"),
            begins_elsewhere=self.begins_elsewhere,
        )

    def _check_operands(self) -> None:
        if not self.operands:
            return
        first = self.operands[0]
        if first in _INSTEAD:
            raise ClaudeFlagError(
                f"claude {first} is a command, not a session", hint=_INSTEAD[first]
            )
        if len(self.operands) > 1:
            extra = self.operands[1][:_SHOWN_CHARS]
            raise ClaudeFlagError(
                f"one prompt is taken, and {extra!r} is a second", hint="put it into quotes"
            )

    def _all(self, name: str) -> tuple[str, ...]:
        return tuple(self.merged.get(name, ()))

    def _last(self, name: str) -> str | None:
        values = self.merged.get(name)
        return values[-1] if values else None


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word.startswith("-")


def _written(flag: Flag, values: tuple[str, ...]) -> list[str]:
    """The flag again, each value tied to it, so that no word behind it can be taken for one."""
    name = next((name for name in flag.names if name.startswith("--")), flag.names[0])
    return [f"{name}={value}" for value in values] if values else [name]
