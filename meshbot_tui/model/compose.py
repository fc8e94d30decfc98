"""What a person typed into the compose line; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

ALL: Final = "all"

Way = Literal["send", "ask", "broadcast", "answer"]
_WAYS: Final[dict[str, Way]] = {"@": "send", "?": "ask", "!": "answer"}
SIGNS: Final = frozenset(_WAYS)
"""What a line begins with."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to say; ``to`` is an agent, or the beginning of a message's id."""

    way: Way
    to: str
    text: str


class DraftError(ValueError):
    """What was typed says nothing to anybody; the message says what to type."""


def parsed(line: str) -> Draft:
    """The draft that ``line`` is.

    Raises:
        DraftError: It is none.
    """
    text = line.strip()
    if text[:1] not in _WAYS:
        raise DraftError("begin with @NAME (message), ?NAME (ask), @all or !ID (answer)")
    to, _, rest = text[1:].partition(" ")
    if not to:
        raise DraftError(f"a name belongs right behind {text[0]}")
    if not rest.strip():
        raise DraftError(f"what is {text[0]}{to} to be told?")
    way = _WAYS[text[0]]
    if to == ALL and way == "send":
        way = "broadcast"
    return Draft(way, to, rest.strip())


def completed(line: str, names: Sequence[str], ids: Sequence[str], *, turn: int = 0) -> str | None:
    """``line`` with its first word completed; ``turn`` goes through what fits, None: nothing.

    Args:
        line: What was typed so far.
        names: The agents there are.
        ids: The ids of questions that wait for an answer.
        turn: Which of those that fit, counted round.
    """
    if line[:1] not in _WAYS or " " in line.strip():
        return None
    typed = line[1:].strip()
    known = ids if line[0] == "!" else [*names, *([ALL] if line[0] == "@" else [])]
    fitting = [name for name in known if name.startswith(typed)]
    if not fitting:
        return None
    return f"{line[0]}{fitting[turn % len(fitting)]} "
