"""What is known of a session, as it crosses the control socket; times are Unix milliseconds."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from meshbot_core.claude.hook_settings import WAITER_LIMIT_S, SessionKind

SessionState = Literal[
    "starting",
    "working",
    "idle",
    "needs_approval",
    "asks_operator",
    "paused",
    "limited",
    "stalled",
    "deaf",
    "stopped",
    "crashed",
]
Hop = Literal["stream", "native", "waiter", "paste", "none"]
"""How a message reaches the session when it idles."""

RestartPolicy = Literal["on-failure", "never"]


class Record(BaseModel):
    """Base: frozen, tolerant of members that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Limits(Record):
    """What keeps agents from chatting each other into ruin; None is no limit."""

    messages_per_minute: int | None = Field(default=60, ge=1)
    turns_per_hour: int | None = Field(default=120, ge=1)
    """Turns without a word of a human."""
    cost_per_day_usd: float | None = Field(default=None, gt=0)
    hops: int | None = Field(default=16, ge=1)
    """How often messages may have caused each other, one after the other."""


class SessionOptions(Record):
    """What a person wants started.

    ``flags`` are the person's words for ``claude``, its prompt among them. ``environment`` is
    added to ``inherited``, the environment of whoever started the session; the latter is kept
    in memory only, because it holds secrets.
    """

    kind: SessionKind = "interactive"
    folder: str
    flags: tuple[str, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict, repr=False)
    inherited: dict[str, str] = Field(default_factory=dict, repr=False)
    claude: str | None = None
    """A path, or a name on PATH; None: as the mesh's configuration says, or the usual places."""
    limits: Limits = Limits()
    restart: RestartPolicy = "on-failure"
    columns: int = Field(default=120, ge=2, le=1000)
    rows: int = Field(default=40, ge=1, le=1000)
    approval_limit_s: float | None = Field(default=None, gt=0)
    """None, here and below: as the mesh's configuration says."""
    waiter_limit_s: int = Field(default=WAITER_LIMIT_S, ge=1, le=WAITER_LIMIT_S)
    """How long the process may live that wakes an idle session; when it ended, messages are typed
    in until the next one stands."""
    goes_on_after_limit: bool | None = None


class SessionView(Record):
    """A session and how it is right now.

    ``doing`` is the tool at work (``Bash npm test``), ``reason`` why it is in a state that
    needs explaining. ``exit_status`` is that of an ended claude, negative for a signal.
    """

    kind: SessionKind
    state: SessionState
    since_ms: int
    started_at_ms: int
    doing: str = ""
    doing_since_ms: int = 0
    reason: str = ""
    folder: str = ""
    model: str = ""
    title: str = ""
    conversation: str = ""
    """Claude Code's own session id: what ``--resume`` takes."""
    pid: int | None = None
    claude_version: str = ""
    context_used: float | None = None
    """Percent of the context window."""
    cost_usd: float = 0.0
    cost_today_usd: float = 0.0
    turns: int = 0
    hop: Hop = "none"
    restarts: int = 0
    restarts_left: int = 5
    limited_until_ms: int | None = None
    exit_status: int | None = None
    is_over: bool = False
    """It ended, and is not started again."""
    viewers: int = 0
    waits_for: tuple[str, ...] = ()
    """Ids of approvals that wait for a person."""
    notices: tuple[str, ...] = ()


class Approval(Record):
    """A tool call that waits for a person; ``expires_at_ms`` 0: until its terminal answers."""

    id: str
    agent: str
    kind: SessionKind
    tool: str
    tool_input: JsonValue = None
    asked_at_ms: int
    expires_at_ms: int = 0
    has_suggestions: bool = False


Behavior = Literal["allow", "deny", "unknown"]
"""``unknown``: it was answered at the session's own prompt, which does not tell us how."""
Scope = Literal["once", "session"]
DecidedBy = Literal["cli", "console", "terminal", "rule", "timeout", "ended"]


class Decision(Record):
    """What became of an approval, and through whom.

    ``by_pid`` and ``by_uid`` are those of the deciding process where the system tells them.
    """

    approval_id: str
    tool: str
    tool_input: JsonValue = None
    behavior: Behavior
    scope: Scope = "once"
    reason: str = ""
    by: DecidedBy
    by_pid: int | None = None
    by_uid: int | None = None
    keeps_suggestions: bool = False
    """The rules that Claude Code suggested are to be kept by it."""
    asked_at_ms: int
    decided_at_ms: int


class Verdict(Record):
    """What a person says to an approval: the body of ``POST /v1/approvals/{id}``."""

    behavior: Literal["allow", "deny"]
    scope: Scope = "once"
    reason: str = ""
    keeps_suggestions: bool = False
    by: Literal["cli", "console"] = "cli"
