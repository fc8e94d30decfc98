"""What Claude Code gives its status line command: the cheapest source of cost and context use."""

from typing import Final

from pydantic import Field

from meshbot_core.claude.documents import Document, Text, read_document

_MAX_BYTES: Final = 1024 * 1024
_ALL: Final = 100.0


class _Model(Document):
    id: Text = ""
    display_name: Text = ""


class _Workspace(Document):
    current_dir: Text = ""
    project_dir: Text = ""


class _Cost(Document):
    total_cost_usd: float = 0.0
    total_duration_ms: float = 0.0


class _Context(Document):
    size: int | None = Field(default=None, alias="context_window_size")
    used_percentage: float | None = None


class _Window(Document):
    used_percentage: float | None = None
    resets_at: float | None = None


class _Limits(Document):
    five_hour: _Window | None = None
    seven_day: _Window | None = None


class StatusReport(Document):
    """The state of an interactive session at one moment.

    ``name`` is there from 2.1.330, ``limits`` only with an account that has them. Percentages
    are None until the first answer.
    """

    session_id: str
    name: Text = Field(default="", alias="session_name")
    version: Text = ""
    model: _Model = _Model()
    workspace: _Workspace = _Workspace()
    cost: _Cost = _Cost()
    context: _Context = Field(default=_Context(), alias="context_window")
    limits: _Limits | None = Field(default=None, alias="rate_limits")

    @property
    def limit_ends_ms(self) -> int:
        """When the limits that are used up will be over, Unix ms; 0: none is, or it is not told."""
        windows = (self.limits.five_hour, self.limits.seven_day) if self.limits else ()
        spent = [each for each in windows if each and (each.used_percentage or 0.0) >= _ALL]
        return max((round((each.resets_at or 0.0) * 1000) for each in spent), default=0)


def parse_status(data: bytes) -> StatusReport:
    """The report in a status line command's stdin.

    Raises:
        ClaudeEventError: It is no JSON object, or lacks the session's id.
    """
    return read_document(StatusReport, data, what="status line", max_bytes=_MAX_BYTES)
