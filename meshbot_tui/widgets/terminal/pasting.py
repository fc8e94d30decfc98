"""Pasted text on its way to a program."""

import re
from typing import Final

BRACKETED: Final = 2004
MAX_UNASKED_CHARS: Final = 5000
_MAX_NAMED: Final = 3
_LINE_END: Final = re.compile("\r\n?|\n")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ESCAPES: Final = re.compile("[\x1b\x9b]")


def is_questionable(text: str) -> bool:
    """Whether a person should be asked first: it is long, or more than text."""
    return len(text) > MAX_UNASKED_CHARS or _CONTROL.search(text) is not None


def question(text: str) -> str:
    """What the person is asked about it: how much it is, and what else than text."""
    lines = len(_LINE_END.split(text)) - bool(_LINE_END.search(text[-1:]))
    many = f"{lines:,} line{'s' * (lines != 1)}"
    odd = list(dict.fromkeys(map(_named, _CONTROL.findall(text))))
    more = ", ..." if len(odd) > _MAX_NAMED else ""
    control = f", with control characters ({', '.join(odd[:_MAX_NAMED])}{more})" if odd else ""
    return f"Paste {len(text):,} characters, {many}{control}?"


def _named(control: str) -> str:
    """As people know it: ``ESC``, ``^C``."""
    code = ord(control)
    names = {0x1B: "ESC", 0x7F: "DEL"}
    return names.get(code, f"^{chr(code + 0x40)}" if code < 0x20 else f"\\x{code:02x}")  # noqa: PLR2004


def sent_by(text: str, modes: frozenset[int]) -> bytes:
    """The bytes of a paste. Within brackets nothing may end them but ourselves."""
    text = _LINE_END.sub("\r", text)
    if BRACKETED in modes:
        text = "\x1b[200~" + _ESCAPES.sub("", text) + "\x1b[201~"
    return text.encode(errors="replace")
