"""Approvals and decisions as the commands print them."""

import textwrap
from collections.abc import Sequence
from typing import Final

from meshbot_core.cli.show import Json, line, paint
from meshbot_core.clients.approval_text import gist, whole
from meshbot_core.clients.text import clock_time, plain
from meshbot_core.session.records import Approval, DecidedBy, Decision

_SHORT_ID: Final = 8
_BY: Final[dict[DecidedBy, str]] = {
    "cli": "from the command line",
    "console": "in the console",
    "terminal": "in its own terminal",
    "rule": "by a rule for its session",
    "timeout": "because nobody answered",
    "ended": "because its session ended",
}
_HOW: Final = {"allow": "allowed", "deny": "denied", "unknown": "answered"}


def print_approval(approval: Approval, others: Sequence[str]) -> None:
    """What waits, and what to type; ``others`` are ids that its short one must not mean."""
    short = plain(short_id(approval.id, others))
    until = f", until {clock_time(approval.expires_at_ms)}" if approval.expires_at_ms else ""
    head = paint(f"{plain(approval.agent)}  {plain(approval.tool)}", "bold")
    line(f"{head}  {paint(f'{clock_time(approval.asked_at_ms)}{until}', 'dim')}")
    line(textwrap.indent(whole(approval.tool, approval.tool_input), "  ", lambda row: True))
    line(paint(f"  meshbot approve {short}   or: meshbot deny {short} --reason TEXT", "dim"))
    line()


def print_decision(agent: str, decision: Decision) -> None:
    """What was decided, on one line."""
    pid = f", process {decision.by_pid}" if decision.by_pid is not None else ""
    where = " for its session" if decision.scope == "session" else ""
    reason = f": {plain(decision.reason)}" if decision.reason else ""
    line(
        f"{clock_time(decision.decided_at_ms)}  {plain(agent)}  {_HOW[decision.behavior]}{where} "
        f"{_BY[decision.by]}{pid}: {gist(decision.tool, decision.tool_input)}{paint(reason, 'dim')}"
    )


def short_id(full: str, others: Sequence[str]) -> str:
    """As much of an id as tells it from the others, and is quickly typed."""
    rivals = [other for other in others if other != full]
    length = _SHORT_ID
    while length < len(full) and any(other.startswith(full[:length]) for other in rivals):
        length += 1
    return full[:length]


def row_of(approval: Approval) -> dict[str, Json]:
    """An approval that waits, for programs."""
    return {
        "id": approval.id,
        "agent": approval.agent,
        "kind": approval.kind,
        "tool": approval.tool,
        "input": approval.tool_input,
        "askedAt": approval.asked_at_ms,
        "expiresAt": approval.expires_at_ms or None,
        "hasSuggestions": approval.has_suggestions,
        "decision": None,
    }


def decision_row(agent: str, decision: Decision) -> dict[str, Json]:
    """An approval that was decided, for programs."""
    return {
        "id": decision.approval_id,
        "agent": agent,
        "tool": decision.tool,
        "input": decision.tool_input,
        "askedAt": decision.asked_at_ms,
        "decision": {
            "behavior": decision.behavior,
            "scope": decision.scope,
            "reason": decision.reason,
            "by": decision.by,
            "pid": decision.by_pid,
            "uid": decision.by_uid,
            "decidedAt": decision.decided_at_ms,
        },
    }
