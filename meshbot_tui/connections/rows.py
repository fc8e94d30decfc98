"""A message of a mailbox as a line of the list."""

from typing import Final

from meshbot_core.mailbox.browsing import Leaf
from meshbot_tui.model.journal import MessageRow

_READ: Final = {"new": "new", "leased": "shown", "done": "read"}


def row_of(agent: str, leaf: Leaf, receiver_state: str) -> MessageRow:
    """The line of a message of this agent's journal.

    ``receiver_state`` is its state in the mailbox of a local receiver, or empty.
    """
    entry = leaf.entry
    is_out = entry.direction == "out"
    state = receiver_state if is_out else entry.state
    return MessageRow(
        key=(agent, entry.seq),
        id=entry.id,
        sender=agent if is_out else entry.peer,
        to=entry.peer if is_out else agent,
        kind=entry.kind,
        text=entry.payload,
        size=leaf.size,
        at_ms=entry.at_ms,
        reply_to=entry.reply_to,
        state=entry.state if is_out else "received",
        read_state=_READ.get(state, ""),
        ask_state=entry.ask_state or "",
        error=entry.last_error or "",
    )
