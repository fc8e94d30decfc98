"""What a viewer of a screen is told, in order, wherever it sits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes of the program, as they came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Repaint:
    """The whole screen, of this size: clear yours and write ``data``."""

    columns: int
    rows: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The program has ended for good; ``status`` is its own, negative for a signal."""

    status: int | None
    reason: str = ""


Frame = Output | Repaint | Ended
