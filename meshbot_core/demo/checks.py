"""What a play of the demonstration comes to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one thing that the demonstration shows really happened."""

    what: str
    is_well: bool
    detail: str
