"""What a viewer of a screen is told, in order; apart from the line it comes by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes of the program, as they came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Repainted:
    """The whole screen, of this size: clear yours and write ``data``."""

    columns: int
    rows: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The session has ended; ``status`` is claude's, negative for a signal."""

    status: int | None
    reason: str


Frame = Output | Repainted | Ended
