"""Making a stranger's text harmless inside Claude Code: its own tags, and control characters."""

import re
from typing import Final

_RESERVED: Final = (
    "cross-session-message",
    "system-reminder",
    "task-notification",
    "teammate-message",
    "channel",
    "user-prompt-submit-hook",
    "command-name",
    "command-message",
    "command-args",
    "local-command-caveat",
    "local-command-stdout",
    "local-command-stderr",
    "bash-input",
    "bash-stdout",
    "bash-stderr",
)
"""Elements in which Claude Code itself speaks to the model: a peer must not open or end one."""

_TAG: Final = re.compile(rf"<(?=\s*/?\s*(?:{'|'.join(_RESERVED)})\b)", re.IGNORECASE)
_LINE_ENDS: Final = re.compile(r"\r\n?|\x85|\u2028|\u2029")
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1, but tab and newline: ESC is among them
    "\u202a-\u202e\u2066-\u2069"  # embedding, overriding and isolating writing directions
    "\ud800-\udfff]"  # half a surrogate pair, which no UTF-8 can hold
)
_REPLACEMENT: Final = "\ufffd"


def harmless(text: str) -> str:
    """``text`` without what could speak as Claude Code or move the terminal's cursor.

    The ``<`` of a reserved tag becomes ``&lt;``, each control character U+FFFD, and every line
    ends with a newline. Everything else stays.
    """
    lines = _CONTROLS.sub(_REPLACEMENT, _LINE_ENDS.sub("\n", text))
    return _TAG.sub("&lt;", lines)
