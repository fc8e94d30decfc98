"""What the HTTP servers of a host write to its log about requests that make no sense.

aiohttp writes a traceback for each; whoever sends garbage would fill the log with them.
"""

import logging
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError

_SHOWN_CHARS: Final = 120


class _Plain(logging.Filter):
    """Makes one line of what the other end did wrong; leaves our own errors as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, some of them shorter."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "a request made no sense: %s", (_in_one_line(error),)
        return True


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN_CHARS]


web_log: Final = logging.getLogger("meshbot_core.web")
"""The logger to give to aiohttp's servers."""

web_log.addFilter(_Plain())
