"""Putting a session together: its state, its hands, and who looks after them."""

import os
import uuid

from meshbot_core.session.budget import CrashBudget
from meshbot_core.session.hands import Hands
from meshbot_core.session.headless import HeadlessHands
from meshbot_core.session.interactive import TerminalHands
from meshbot_core.session.kept import SessionKept
from meshbot_core.session.session import Session
from meshbot_core.session.starting import Prepared
from meshbot_core.session.supervisor import Supervisor
from meshbot_core.session.surroundings import Surroundings


def supervised(ready: Prepared, around: Surroundings, kept: SessionKept | None) -> Supervisor:
    """A session that is to be run; it goes on with what is ``kept`` of another."""
    session = Session(
        ready.settled, around, _lease_session(), ready.reports, hears_hooks=ready.hears_hooks
    )
    supervisor = Supervisor(ready.agent, ready, session, _hands(session, ready), around.clock)
    if kept is not None:
        supervisor.conversation = kept.conversation
        supervisor.can_resume = kept.has_begun
        supervisor.budget = CrashBudget(list(kept.restarted_at_ms))
    return supervisor


def _hands(session: Session, ready: Prepared) -> Hands:
    options = ready.options
    if options.kind == "interactive":
        return TerminalHands(
            options.columns, options.rows, on_title=session.titled, on_typed=session.typed
        )
    return HeadlessHands(
        on_event=session.stream,
        on_garbage=session.garbled,
        on_said=session.said,
    )


def _lease_session() -> str:
    return f"session-{os.getpid()}-{uuid.uuid4().hex}"
