"""Which keys the last line tells, and how; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from rich.cells import cell_len

GAP: Final = 2
"""Columns between two hints."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and what it does."""

    key: str
    shown: str
    """The key as people read it."""
    says: str
    worth: int = 0
    """What is worth least goes first when there is no room for all."""
    group: str = ""
    """Several that stand together may be told as one, by this word."""
    is_last: bool = False
    """It stands at the right end."""

    @property
    def columns(self) -> int:
        """How wide it is."""
        return cell_len(f"{self.shown} {self.says}")


def fitted(hints: Sequence[Hint], width: int) -> tuple[Hint, ...]:
    """As many of them as fit: groups are told in one before anything is left out."""
    kept = list(hints)
    if _columns(kept) > width:
        kept = list(_grouped(kept))
    while len(kept) > 1 and _columns(kept) > width:
        least = min(hint.worth for hint in kept)
        kept.remove([hint for hint in kept if hint.worth == least][-1])
    return tuple(kept)


def _columns(hints: Iterable[Hint]) -> int:
    return sum(hint.columns + GAP for hint in hints)


def _grouped(hints: Iterable[Hint]) -> Iterable[Hint]:
    for group, found in groupby(hints, lambda hint: hint.group):
        first, *others = found
        if group and others:
            keys = " ".join(hint.shown for hint in (first, *others))
            yield replace(first, shown=keys, says=group)
        else:
            yield from (first, *others)
