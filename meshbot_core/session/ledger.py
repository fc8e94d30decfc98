"""Decisions as the mailbox keeps them, and back."""

import json
from typing import Final

from pydantic import JsonValue

from meshbot_core.mailbox.records import DecisionRow
from meshbot_core.session.records import Decision

_MAX_INPUT_CHARS: Final = 64 * 1024


def row_of(decision: Decision) -> DecisionRow:
    """A decision as a row; an input that is very long is kept as a cut text."""
    return DecisionRow(
        approval_id=_storable(decision.approval_id),
        tool=_storable(decision.tool),
        tool_input=_cut(json.dumps(decision.tool_input)),
        behavior=decision.behavior,
        scope=decision.scope,
        reason=_storable(decision.reason),
        decided_by=decision.by,
        pid=decision.by_pid,
        uid=decision.by_uid,
        asked_at_ms=decision.asked_at_ms,
        decided_at_ms=decision.decided_at_ms,
    )


def decision_of(row: DecisionRow) -> Decision:
    """A row as the decision that it was made of."""
    tool_input: JsonValue = json.loads(row.tool_input)
    return Decision.model_validate(
        {
            "approval_id": row.approval_id,
            "tool": row.tool,
            "tool_input": tool_input,
            "behavior": row.behavior,
            "scope": row.scope,
            "reason": row.reason,
            "by": row.decided_by,
            "by_pid": row.pid,
            "by_uid": row.uid,
            "asked_at_ms": row.asked_at_ms,
            "decided_at_ms": row.decided_at_ms,
        }
    )


def _cut(text: str) -> str:
    if len(text) <= _MAX_INPUT_CHARS:
        return text
    left_out = len(text) - _MAX_INPUT_CHARS
    return json.dumps(f"{text[:_MAX_INPUT_CHARS]} ... ({left_out} characters left out)")


def _storable(text: str) -> str:
    """Without half surrogate pairs, which no file takes."""
    return text.encode(errors="replace").decode()
