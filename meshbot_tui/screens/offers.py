"""When an approval may come in front of everything else: while nothing is being typed."""

from dataclasses import dataclass, field
from typing import Final

from meshbot_core.session.records import Approval
from meshbot_tui.model.picture import ApprovalKey, Picture

QUIET_S: Final = 2.0
"""For so long no key was pressed."""


@dataclass(slots=True)
class Offers:
    """Each approval is offered once; after that it stands in the list."""

    _offered: set[ApprovalKey] = field(default_factory=set)
    _last_key_s: float = 0.0

    def key(self, now_s: float) -> None:
        """A key was pressed."""
        self._last_key_s = now_s

    def seen(self, picture: Picture) -> None:
        """The person has all that waits before their eyes."""
        self._offered.update((approval.agent, approval.id) for approval in picture.approvals)

    def next(self, picture: Picture, *, is_busy: bool, now_s: float) -> Approval | None:
        """The approval to offer now; None: there is none, or the person does something else."""
        if is_busy or now_s - self._last_key_s < QUIET_S:
            return None
        for approval in picture.approvals:
            if (key := (approval.agent, approval.id)) not in self._offered:
                self._offered.add(key)
                return approval
        return None
