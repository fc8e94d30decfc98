"""The control API's values that belong to sessions; beside ``api``, on the same socket."""

from typing import Literal

from pydantic import Field, JsonValue

from meshbot_core.session.records import Approval, Decision, Record, SessionOptions, SessionView


class StartSession(Record):
    """``POST /v1/session``: start a session in this host; 409 when one runs."""

    options: SessionOptions


class StopSession(Record):
    """``POST /v1/session/stop``: end the session; it is not started again.

    Claude Code is asked to end first, then told with ``signal_name``, and killed after
    ``timeout_s``.
    """

    timeout_s: float = Field(default=10.0, ge=0)
    signal_name: str = "SIGTERM"


class RestartSession(Record):
    """``POST /v1/session/restart``: end claude and start it again, in the same conversation.

    With ``options`` it is started with those. The conversation begins anew when the folder, the
    first prompt or another flag of the first start is not the same.
    """

    options: SessionOptions | None = None


class SessionAnswer(Record):
    """``GET /v1/session`` and what changes it; None: this host has no session."""

    session: SessionView | None = None
    options: SessionOptions | None = None
    """Without ``inherited``."""


class ApprovalRequest(Record):
    """``POST /v1/approvals``: a headless session's tool call wants to be allowed.

    The answer comes when it was decided; closing the connection withdraws it.
    """

    id: str
    tool: str
    tool_input: JsonValue = None
    call_id: str = ""


class ApprovalPage(Record):
    """``GET /v1/approvals``: what waits, and with ``history`` what was decided."""

    approvals: tuple[Approval, ...] = ()
    decisions: tuple[Decision, ...] = ()


class SessionEvent(Record):
    """The session changed; sent as it happens."""

    type: Literal["session"] = "session"
    session: SessionView | None


class ApprovalEvent(Record):
    """An approval came up (``decision`` None) or was decided."""

    type: Literal["approval"] = "approval"
    approval: Approval
    decision: Decision | None = None


class LogEvent(Record):
    """What the session's log says now, in full: ``what`` is ``said``, ``tool``, ``failed``, ..."""

    type: Literal["log"] = "log"
    what: str
    text: str = ""


class PushEvent(Record):
    """To one session's MCP server alone: post ``text`` to Claude Code's own socket.

    ``frame_id`` names the attempt; what becomes of it is told with ``POST /v1/pushes``.
    """

    type: Literal["push"] = "push"
    frame_id: str
    text: str
    sender_name: str


class NativeSocket(Record):
    """``POST /v1/native``: serve runs inside a session that has a messaging socket.

    ``session`` is the client's id, ``claude_pid`` the process that the socket belongs to.
    """

    session: str
    path: str
    claude_pid: int


class WrittenResults(Record):
    """``POST /v1/written``: results that carry these leases are written completely."""

    session: str
    lease_ids: tuple[str, ...]


class PushReport(Record):
    """``POST /v1/pushes``: what became of a push; ``written`` is no proof that it was read."""

    session: str
    frame_id: str
    state: Literal["written", "failed", "held", "denied", "dropped", "expired"]
    reason: str = ""
