"""What Claude Code's window title tells; seen on 2.1.197 and 2.1.330."""

from typing import Final

_IDLE_MARK: Final = "\u2733"


def is_idle_title(title: str) -> bool:
    """Whether the title is that of a session whose prompt waits; while working a spinner turns."""
    return title.startswith(_IDLE_MARK)
