"""Finished messages that are old, or too many, are removed; what is not finished never is.

A step takes a bounded number of rows, so that nothing else waits long behind it.
"""

from typing import Final

from meshbot_core.mailbox.ledger import Ledger

STEP: Final = 2000
"""Rows that one step removes at most."""

_OLDEST_FINISHED: Final = (
    "SELECT seq FROM messages INDEXED BY finished WHERE finished_at_ms IS NOT NULL"
    " AND finished_at_ms < ? AND ask_state IS NOT 'open' ORDER BY finished_at_ms LIMIT ?"
)
_FOREVER: Final = 2**62


def remove_finished(ledger: Ledger, now_ms: int) -> int:
    """Remove finished messages that are too old, then those that are too many; how many."""
    limits = ledger.limits
    removed = _remove(ledger, now_ms - limits.keep_finished_ms, STEP)
    surplus = ledger.tally.finished - limits.keep_finished_messages
    if surplus > 0 and removed < STEP:
        removed += _remove(ledger, _FOREVER, min(surplus, STEP - removed))
    return removed


def _remove(ledger: Ledger, before_ms: int, limit: int) -> int:
    removed = ledger.execute(
        f"DELETE FROM messages WHERE seq IN ({_OLDEST_FINISHED})",  # noqa: S608 -- constant of this file
        (before_ms, limit),
    ).rowcount
    ledger.tally.finished -= removed
    return removed
