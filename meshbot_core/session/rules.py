"""What a person said of a tool's call for as long as the session lives."""

from dataclasses import dataclass
from typing import Literal

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.session.records import Approval, Behavior, DecidedBy
from meshbot_core.wire.canonical import canonical_json


@dataclass(frozen=True, slots=True)
class Word:
    """What is decided, before it is known of what."""

    behavior: Behavior
    by: DecidedBy
    reason: str = ""
    scope: Literal["once", "session"] = "once"
    pid: int | None = None
    uid: int | None = None
    keeps_suggestions: bool = False


class Rules:
    """Words by what they are about: exactly one tool and one input."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], Word] = {}

    def make(self, approval: Approval, word: Word) -> Word | None:
        """Say the same of every call like this one; None: none would be known for it."""
        key = _key(approval)
        if key is None:
            return None
        rule = self._words[key] = Word(word.behavior, "rule", word.reason, "session")
        return rule

    def word_for(self, approval: Approval) -> Word | None:
        """What was said of calls like this one."""
        key = _key(approval) if self._words else None
        return None if key is None else self._words.get(key)

    def clear(self) -> None:
        """Nothing that was said holds any more."""
        self._words.clear()


def _key(approval: Approval) -> tuple[str, str] | None:
    """A tool and its input, in whatever order of members."""
    try:
        return approval.tool, canonical_json(approval.tool_input)
    except (InvalidArgumentError, RecursionError):
        return None
