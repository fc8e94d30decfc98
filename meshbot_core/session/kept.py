"""The session that runs, written down: the host may die, and the next one goes on with it."""

import logging

from pydantic import ValidationError

from meshbot_core.errors import StorageError
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.records import Record, SessionOptions

log = logging.getLogger(__name__)


class SessionKept(Record):
    """What a later host needs to go on with a session: ``session.json``."""

    options: SessionOptions
    conversation: str = ""
    has_begun: bool = False
    restarted_at_ms: tuple[int, ...] = ()


def kept_session(agent: AgentPaths) -> SessionKept | None:
    """The session that was running when the last host died; None when there was none."""
    try:
        return SessionKept.model_validate_json(agent.session_json.read_bytes())
    except (OSError, ValidationError):
        return None


def keep_session(agent: AgentPaths, kept: SessionKept) -> None:
    """Write it down; without it the next host starts nothing, which is all that is lost."""
    try:
        write_atomically(agent.session_json, kept.model_dump_json(indent=1).encode())
    except (OSError, StorageError) as error:
        log.warning("session.json cannot be written: %s", error)


def forget_session(agent: AgentPaths) -> None:
    """It is over: no host goes on with it."""
    agent.session_json.unlink(missing_ok=True)
