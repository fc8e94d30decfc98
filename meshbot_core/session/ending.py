"""How a session ended that crashed for good: the host may be gone when somebody asks."""

import logging
from typing import Literal

from pydantic import ValidationError

from meshbot_core.errors import StorageError
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.records import Record

log = logging.getLogger(__name__)


class SessionEnd(Record):
    """``session-end.json``; it is there until another session starts, or this one is ended."""

    state: Literal["crashed"] = "crashed"
    reason: str
    at_ms: int


def kept_end(agent: AgentPaths) -> SessionEnd | None:
    """How the agent's last session crashed; None when it did not."""
    try:
        return SessionEnd.model_validate_json(agent.session_end.read_bytes())
    except (OSError, ValidationError):
        return None


def keep_end(agent: AgentPaths, reason: str, at_ms: int) -> None:
    """Write it down; without it ``ps`` says ``stopped``, which is all that is lost."""
    end = SessionEnd(reason=reason, at_ms=at_ms)
    try:
        write_atomically(agent.session_end, end.model_dump_json(indent=1).encode())
    except (OSError, StorageError) as error:
        log.warning("session-end.json cannot be written: %s", error)


def forget_end(agent: AgentPaths) -> None:
    """Another session starts, or nobody wants one."""
    try:
        agent.session_end.unlink(missing_ok=True)
    except OSError as error:
        log.warning("session-end.json cannot be removed: %s", error)
