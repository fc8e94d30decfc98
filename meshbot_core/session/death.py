"""What the end of a claude means: a crash, a person's no, or just its end; pure."""

import contextlib
import signal
from dataclasses import dataclass
from typing import Final

_AT_ONCE_MS: Final = 3000
_ANSWERS_MS: Final = 2000
_REFUSED: Final = 1
"""The status of a claude that does not know the conversation that it shall resume."""


@dataclass(frozen=True, slots=True)
class Death:
    """A process that ended with ``status``, negative for a signal, and how it was just before.

    ``is_resumed``: it was to go on with a conversation. ``is_by_us``: we ended it.
    ``is_before_prompt``: it had not told anything yet. ``typed_ago_ms``: when a person typed last.
    """

    status: int
    is_resumed: bool
    is_by_us: bool
    is_before_prompt: bool
    typed_ago_ms: int

    @property
    def is_lost(self) -> bool:
        """Whether a process that should have resumed ended because there was nothing to resume.

        One that was killed, or ended by us, before it said a word may be resumed the next time.
        """
        is_refused = self.is_resumed and self.status == _REFUSED
        return is_refused and self.is_before_prompt and not self.is_by_us

    @property
    def is_declined(self) -> bool:
        """Whether a person just said no to a dialog before the first prompt, as that of trust."""
        is_answer = self.status in (0, _REFUSED) and 0 <= self.typed_ago_ms < _ANSWERS_MS
        return is_answer and self.is_before_prompt and not self.is_resumed

    def is_wanted(self, lived_ms: int, *, has_begun: bool) -> bool:
        """Whether its person ended it; one that ends well at once did not come to its work."""
        is_at_once = lived_ms < _AT_ONCE_MS and not has_begun
        return self.is_declined or (self.status == 0 and not is_at_once)

    def __str__(self) -> str:
        """How it ended, for the log and for people."""
        if self.status >= 0:
            return f"ended with status {self.status}"
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-self.status).name}"
        return f"was ended by signal {-self.status}"
