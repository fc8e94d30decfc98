"""The URLs under which peers are reached."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from meshbot_core.errors import InvalidUrlError

_MAX_URL_CHARS = 2000
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`?#@\u0080-\u00a0\u2028\u2029\ud800-\udfff]")
_LOCALHOST = re.compile(r"(?:.+\.)?localhost\.?", re.IGNORECASE)


def normalize_peer_url(text: str) -> str:
    """Bring a peer's URL into the form that the configuration holds.

    White space around it and slashes at its end go; ``http://`` is put before a bare host.

    Raises:
        InvalidUrlError: Nothing can be sent there; the message says why.
    """
    bare = text.strip()
    if not bare:
        raise InvalidUrlError("Peer URL cannot be empty", hint="for example: http://host:9820")
    url = (bare if _SCHEME.match(bare) else f"http://{bare}").rstrip("/")
    problem = _problem(url)
    if problem:
        raise InvalidUrlError(
            f"{text[:200]!r} is no peer URL: {problem}",
            hint="expected http://HOST:PORT or https://HOST:PORT",
        )
    return url


def is_loopback_url(url: str) -> bool:
    """Whether only this machine can reach the URL (unspecified addresses count as such)."""
    host = urlsplit(url).hostname or ""
    if _LOCALHOST.fullmatch(host):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _problem(url: str) -> str:
    if len(url) > _MAX_URL_CHARS:
        return f"longer than {_MAX_URL_CHARS} characters"
    if _FORBIDDEN.search(url):
        return "it holds white space, '?', '#', '@' or another character that may not stand there"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    return _problem_of_parts(parts, port)


def _problem_of_parts(parts: SplitResult, port: int | None) -> str:
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:// is not http:// or https://"
    if port == 0:
        return "port 0 takes no messages"
    if not parts.hostname:
        return "it names no host"
    return "" if _is_host(parts.hostname) else f"{parts.hostname[:80]!r} is no host name"


def _is_host(text: str) -> bool:
    try:
        if ":" in text:
            ipaddress.IPv6Address(text)
        else:
            text.encode("idna")
    except ValueError:
        return False
    return True
