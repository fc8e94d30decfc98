"""Claude Code's own files about running sessions: ``~/.claude/sessions/PID.json``."""

from pathlib import Path
from typing import Final

from pydantic import Field

from meshbot_core.claude.documents import Document, Text, read_document

_MAX_BYTES: Final = 1024 * 1024


class SessionFile(Document):
    """What a session says about itself; it is rewritten at each change and removed at the end.

    ``process_started`` is the start time of ``pid`` as the system counts it (jiffies on Linux).
    ``socket`` is empty where the version has no native messaging. ``status`` is ``idle``, ``busy``,
    or ``waiting`` (for ``waiting_for``), and empty until it is known.
    """

    pid: int
    session_id: str = Field(alias="sessionId")
    cwd: Text = ""
    started_at_ms: int = Field(default=0, alias="startedAt")
    process_started: Text = Field(default="", alias="procStart")
    version: Text = ""
    kind: Text = ""
    name: Text = ""
    socket: Text = Field(default="", alias="messagingSocketPath")
    status: Text = ""
    waiting_for: Text = Field(default="", alias="waitingFor")
    status_since_ms: int = Field(default=0, alias="statusUpdatedAt")


def session_file(pid: int, home: Path, *, config_folder: str | None = None) -> Path:
    """Where the session of process ``pid`` writes; ``config_folder``: ``CLAUDE_CONFIG_DIR``."""
    user = Path(config_folder) if config_folder else home / ".claude"
    return user / "sessions" / f"{pid}.json"


def parse_session(data: bytes) -> SessionFile:
    """The session in the bytes of its file.

    Raises:
        ClaudeEventError: It is no JSON object (it may just be written), or lacks pid or id.
    """
    return read_document(SessionFile, data, what="session file", max_bytes=_MAX_BYTES)
