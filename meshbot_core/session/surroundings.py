"""What a session needs of its host."""

from collections.abc import Callable
from dataclasses import dataclass

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.session.approvals import Approvals
from meshbot_core.session.guard import Guard
from meshbot_core.session.log import SessionLog
from meshbot_core.session.ways import PostNative
from meshbot_core.types import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The host's own parts, and whom to tell; made for each session anew."""

    agent: str
    mailbox: Mailbox
    clock: Clock
    approvals: Approvals
    guard: Guard
    log: SessionLog
    changed: Callable[[], None]
    post_native: PostNative
    ask_operator: Callable[[str], None]
