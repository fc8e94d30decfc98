"""Whom a prompt is of that Claude Code took in: a person, the mesh, or Claude Code itself."""

from typing import Final

from meshbot_core.claude.framing import ids_in, is_own
from meshbot_core.claude.hook_settings import WAKE_SUMMARY

_NOTICES: Final = ("<task-notification>", "<system-reminder>", "<cross-session-message")


def is_of_person(prompt: str) -> bool:
    """Whether it is neither a push nor a notice."""
    return not (ids_in(prompt) or _is_notice(prompt) or is_own(prompt))


def is_wake(prompt: str) -> bool:
    """Whether it is what a waiter brought, by which the session was woken."""
    return _is_notice(prompt) and WAKE_SUMMARY in prompt


def _is_notice(prompt: str) -> bool:
    """Whether no person typed this: a waiter or task that ended, or another session."""
    return prompt.lstrip().startswith(_NOTICES)
