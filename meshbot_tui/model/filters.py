"""What a person typed to see only some messages; pure."""

from dataclasses import dataclass
from typing import Final

_KINDS: Final = {"msg": "message", "message": "message", "ask": "ask", "answer": "response"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages are shown; ``text`` is searched for in all of it."""

    agent: str | None = None
    pair: tuple[str, str] | None = None
    kind: str | None = None
    text: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return self == Filter()


def parsed(line: str) -> Filter:
    """``@dev``, ``@dev>ops``, ``kind:ask`` and words to search for, in any order."""
    agent: str | None = None
    pair: tuple[str, str] | None = None
    kind: str | None = None
    words: list[str] = []
    for word in line.split():
        if word.startswith("@") and ">" in word:
            left, _, right = word[1:].partition(">")
            pair = (left, right.lstrip("@")) if left and right.lstrip("@") else pair
        elif word.startswith("@") and len(word) > 1:
            agent = word[1:]
        elif word.startswith("kind:") and word[5:] in _KINDS:
            kind = _KINDS[word[5:]]
        else:
            words.append(word)
    return Filter(agent, pair, kind, " ".join(words))
