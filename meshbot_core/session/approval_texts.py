"""What is said of decisions, to the model and to the person who came second."""

from datetime import UTC, datetime
from typing import Final

from meshbot_core.session.records import Behavior, DecidedBy, Decision

_WHOM: Final[dict[DecidedBy, str]] = {
    "cli": "from the command line",
    "console": "in the console",
    "terminal": "in the session's own terminal",
    "rule": "by a rule for this session",
    "timeout": "by its time-out",
    "ended": "by the session's end",
}
_HOW: Final[dict[Behavior, str]] = {
    "allow": "allowed",
    "deny": "denied",
    "unknown": "answered",
}
_SECONDS_A_MINUTE: Final = 60


def silence(limit_s: float) -> str:
    """Why what nobody answered was not allowed; read by the model."""
    minutes = limit_s / _SECONDS_A_MINUTE
    waited = f"{minutes:g} minutes" if minutes >= 1 else f"{limit_s:g} seconds"
    return (
        f"No human answered within {waited}, so this was not allowed. Do not try the same again"
        " at once: go on without it, or say what you need it for and end your turn."
    )


def by_whom(decision: Decision) -> str:
    """Who decided what, and when."""
    when = datetime.fromtimestamp(decision.decided_at_ms / 1000, UTC)
    process = "" if decision.by_pid is None else f", process {decision.by_pid}"
    person = "" if decision.by_uid is None else f" (uid {decision.by_uid}{process})"
    return (
        f"{decision.tool} was {_HOW[decision.behavior]} already {_WHOM[decision.by]}{person}"
        f" at {when:%Y-%m-%dT%H:%M:%SZ}"
    )
