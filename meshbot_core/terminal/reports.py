"""What a terminal sends by itself, in the stream of what its user types; pure."""

import re
from typing import Final

_REPORTS: Final = re.compile(
    rb"""(?:
      \x1b\[ (?: [IO]                                # focus
               | M... | <[\d;]*[Mm]                  # mouse
               | [?>=][\d;]*\$?[cnuy]                # attributes, status, keyboard, modes
               | [\d;]+[Rt] | 0n )                   # cursor, size, status
    | \x1b[P\]_] [^\x07\x1b]* (?: \x07 | \x1b\\ )    # version, colours, strings
    )+""",
    re.VERBOSE | re.DOTALL,
)


def is_report(data: bytes) -> bool:
    """Whether ``data`` is nothing but reports and answers of a terminal: nobody typed it."""
    return _REPORTS.fullmatch(data) is not None
