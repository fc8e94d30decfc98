"""Pasted text on its way to a program."""

import re
from typing import Final

BRACKETED: Final = 2004
MAX_UNASKED_CHARS: Final = 5000
_LINE_END: Final = re.compile("\r\n?|\n")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ESCAPES: Final = re.compile("[\x1b\x9b]")


def is_questionable(text: str) -> bool:
    """Whether a person should be asked first: it is long, or more than text."""
    return len(text) > MAX_UNASKED_CHARS or _CONTROL.search(text) is not None


def sent_by(text: str, modes: frozenset[int]) -> bytes:
    """The bytes of a paste. Within brackets nothing may end them but ourselves."""
    text = _LINE_END.sub("\r", text)
    if BRACKETED in modes:
        text = "\x1b[200~" + _ESCAPES.sub("", text) + "\x1b[201~"
    return text.encode(errors="replace")
