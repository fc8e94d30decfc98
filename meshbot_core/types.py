"""Names, ids and the clock: the few things that every floor shares."""

import re
import time
import uuid
from typing import Final, Literal, Protocol

from meshbot_core.errors import InvalidNameError

NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

MessageKind = Literal["message", "ask", "response"]


class Clock(Protocol):
    """Tells the time; tests bring their own."""

    def now_ms(self) -> int:
        """Wall-clock time, Unix milliseconds."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Wall-clock time, Unix milliseconds."""
        return time.time_ns() // 1_000_000


def checked_name(text: str, *, what: str = "agent") -> str:
    """Return ``text`` when it can name an agent or a mesh (no path can be made of it).

    Raises:
        InvalidNameError: It does not fit ``[A-Za-z0-9][A-Za-z0-9._-]{0,63}``.
    """
    if NAME_PATTERN.fullmatch(text) is None:
        raise InvalidNameError(
            f"{text[:80]!r} cannot name a{'n' if what[0] in 'aeiou' else ''} {what}",
            hint="use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
        )
    return text


def new_id() -> str:
    """A fresh UUID v4 as text."""
    return str(uuid.uuid4())
