"""TLS both ways, from the ``tls`` section of the configuration."""

import ssl
from pathlib import Path

from meshbot_core.errors import ConfigError
from meshbot_core.mesh.config import MeshConfig, Tls
from meshbot_core.mesh.paths import MeshPaths


def server_context(tls: Tls, paths: MeshPaths) -> ssl.SSLContext:
    """What the listener shows its clients.

    Raises:
        ConfigError: A file is missing or is not what it should be.
    """
    found = tls.resolved(paths)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _check_readable("tls.cert", found.cert)
    _check_readable("tls.key", found.key)
    try:
        # An encrypted key would ask for its password on the terminal; it is refused instead.
        context.load_cert_chain(found.cert, found.key, password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError(
            f"tls.cert {found.cert} and tls.key {found.key}: expected a PEM certificate and its"
            f" private key without a password ({_reason(error)})"
        ) from error
    return context


def client_context(config: MeshConfig, paths: MeshPaths) -> ssl.SSLContext:
    """How we look at peers' certificates: ``tls.ca``, else the system's authorities.

    Raises:
        ConfigError: ``tls.ca`` is missing or holds no certificate.
    """
    tls = config.tls.resolved(paths) if config.tls else None
    context = _client_context(tls.ca if tls else None)
    if tls is not None and not tls.reject_unauthorized:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def speaks_tls(config: MeshConfig) -> bool:
    """Whether any peer is spoken to over HTTPS."""
    urls = (peer.url for peer in config.peers.values())
    return config.tls is not None or any(url.lower().startswith("https:") for url in urls)


def covered_name(context: ssl.SSLContext, tls: Tls, names: tuple[str, ...]) -> str | None:
    """The first of ``names`` that the listener's own certificate is good for.

    Asked the way a peer asks: by a handshake, in memory.
    """
    for name in names:
        asker = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asker.load_verify_locations(tls.cert)
        asker.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if _handshake_holds(context, asker, name):
            return name
    return None


def _handshake_holds(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(down, up, server_hostname=name)
    answering = server.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        try:
            asking.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLError, ValueError):
            return False
        else:
            return True
        try:
            answering.do_handshake()
        except ssl.SSLError:
            continue
    return False


def _client_context(ca: str | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    _check_readable("tls.ca", ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"tls.ca {ca}: expected certificates in PEM ({_reason(error)})"
        ) from error


def _check_readable(member: str, path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ConfigError(
            f"{member} {path}: {error.strerror}", hint="correct the path in config.json"
        ) from error


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _reason(error: Exception) -> str:
    text = error.reason if isinstance(error, ssl.SSLError) else str(error)
    return (text or "unreadable").replace("_", " ").lower()
