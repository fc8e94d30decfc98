"""The guard of an agent's sessions, written down: what today cost outlives each of them."""

from dataclasses import dataclass, field
from typing import Final

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.session.guard import Guard
from meshbot_core.session.records import Limits
from meshbot_core.types import Clock

_NOTE: Final = "guard"


@dataclass(slots=True)
class KeptGuard:
    """``guard`` is that of the session that runs, or of the last one."""

    mailbox: Mailbox
    clock: Clock
    guard: Guard = field(init=False)
    _kept: str = ""

    def __post_init__(self) -> None:
        self.guard = Guard(Limits(), self.clock)

    async def renew(self, limits: Limits) -> None:
        """The guard of a new session, as the last one left it."""
        self.guard = Guard.restored(limits, self.clock, await self.mailbox.note(_NOTE))

    async def keep(self) -> None:
        """Write down what changed."""
        snapshot = self.guard.snapshot()
        if snapshot != self._kept:
            await self.mailbox.set_note(_NOTE, snapshot)
            self._kept = snapshot
