"""What the last host left when it died: a session to go on with, or one that is down."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.budget import CrashBudget
from meshbot_core.session.ending import keep_end, kept_end
from meshbot_core.session.kept import SessionKept, forget_session, kept_session
from meshbot_core.session.leftovers import end_leftovers
from meshbot_core.session.log import SessionLog
from meshbot_core.types import Clock

log = logging.getLogger(__name__)

_GOES_ON_WITHIN_S: Final = 20.0


@dataclass(slots=True)
class Inheritance:
    """Starts the last host's session again, once; ``start`` is how."""

    agent: AgentPaths
    clock: Clock
    log: SessionLog
    start: Callable[[SessionKept], Awaitable[object]]
    is_down: bool = False
    """The last session crashed for good, maybe under another host."""
    _is_known: asyncio.Event = field(default_factory=asyncio.Event)

    async def found(self) -> SessionKept | None:
        """The session to go on with; what was left of its processes is ended."""
        if self.agent.session_json.exists():  # one ran as the last host died
            await asyncio.to_thread(end_leftovers, self.agent)
        self.is_down = await asyncio.to_thread(kept_end, self.agent) is not None
        return kept_session(self.agent)

    async def known(self) -> None:
        """Return once it is known what became of it, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOES_ON_WITHIN_S):
                await self._is_known.wait()

    def settle(self) -> None:
        """There is nothing to go on with, or no more."""
        self._is_known.set()

    async def go_on(self, kept: SessionKept) -> None:
        """Start it again; the host's death counts as a crash of it."""
        try:
            await self._gone_on(kept)
        finally:
            self.settle()

    async def _gone_on(self, kept: SessionKept) -> None:
        budget = CrashBudget(list(kept.restarted_at_ms))
        pause_s = budget.take(self.clock.now_ms())
        if pause_s is None or kept.options.restart == "never":
            self._stays_down("the host died too often")
            forget_session(self.agent)
            return
        kept = kept.model_copy(update={"restarted_at_ms": tuple(budget.restarted_at_ms)})
        try:
            await self.start(kept)
        except MeshError as error:
            self._stays_down(f"it could not be started again: {error}")
            log.warning("the session could not be started again: %s", error)

    def _stays_down(self, why: str) -> None:
        self.log.write("crashed", why)
        keep_end(self.agent, why, self.clock.now_ms())
        self.is_down = True
