"""What agents asked the person and wait for; read beside the hosts, from the mailboxes."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mailbox.standing import OpenQuestion
from meshbot_core.mesh.paths import AgentPaths
from meshbot_tui.model.picture import Question

_LIVES_MS: Final = 24 * 3600 * 1000
"""No ask waits longer."""
_PATIENCE_S: Final = 0.2


def open_questions(operator: AgentPaths, now_ms: int) -> tuple[Question, ...]:
    """The asks that the person has not answered, oldest first.

    Whether an asker of another machine still waits is not known.

    Raises:
        MailboxError: The person's mailbox cannot be read now.
    """
    if not operator.mailbox.exists():
        return ()
    with MailboxReader.opened(operator.mailbox, patience_s=_PATIENCE_S) as reader:
        found = reader.open_questions(now_ms - _LIVES_MS)
    ended = _ended(operator, found, now_ms)
    return tuple(
        Question(
            each.id, each.sender, each.text, each.at_ms, is_late=(each.sender, each.id) in ended
        )
        for each in found
    )


def _ended(
    operator: AgentPaths, found: Iterable[OpenQuestion], now_ms: int
) -> frozenset[tuple[str, str]]:
    """Sender and id of those whose asker has gone on, as its own mailbox tells."""
    asked: defaultdict[str, list[str]] = defaultdict(list)
    for each in found:
        asked[each.sender].append(each.id)
    ended: set[tuple[str, str]] = set()
    for sender, ids in asked.items():
        mailbox = operator.mesh.agent(sender).mailbox
        if not mailbox.exists():
            continue
        try:
            with MailboxReader.opened(mailbox, patience_s=_PATIENCE_S) as reader:
                given_up = reader.ended_asks(operator.agent, ids, now_ms)
        except MailboxError:
            continue
        ended |= {(sender, id_) for id_ in given_up}
    return frozenset(ended)
