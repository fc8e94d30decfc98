"""What Claude Code writes down of a session by itself: whether it idles, works, or asks."""

from dataclasses import dataclass
from pathlib import Path

from meshbot_core.claude.sessions import SessionFile, parse_session, session_file
from meshbot_core.errors import ClaudeEventError


@dataclass(frozen=True, slots=True)
class SelfReports:
    """The files of all sessions that one user's Claude Code runs."""

    home: Path
    config_folder: str | None = None

    def of(self, pid: int) -> SessionFile | None:
        """What the session of process ``pid`` says now; None when it says nothing."""
        try:
            said = parse_session(
                session_file(pid, self.home, config_folder=self.config_folder).read_bytes()
            )
        except (OSError, ClaudeEventError):
            return None
        return said if said.pid == pid else None
