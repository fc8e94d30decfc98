"""The mesh key: the secret that all agents of a mesh share."""

import base64
import re
import secrets
from dataclasses import dataclass, field

from meshbot_core.errors import KeyFileError
from meshbot_core.mesh.files import read_secret, write_atomically
from meshbot_core.mesh.paths import MeshPaths

_KEY_TEXT = re.compile(r"[!-~](?:[ -~]{0,1022}[!-~])?")


@dataclass(frozen=True, slots=True)
class MeshKey:
    """The key as text; base64 by custom, and used as it stands, never decoded."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        """Never the key itself."""
        return "MeshKey(hidden)"

    @property
    def bytes(self) -> bytes:
        """The text in UTF-8: what signatures are made with."""
        return self.text.encode()


def read_mesh_key(paths: MeshPaths) -> MeshKey:
    """Read the key of a mesh.

    Raises:
        KeyFileError: Missing, unreadable, or not one line of visible ASCII.
    """
    text = read_secret(paths.key)
    if _KEY_TEXT.fullmatch(text) is None:
        raise KeyFileError(f"{paths.key}: expected one line of base64 text")
    return MeshKey(text)


def create_mesh_key(paths: MeshPaths) -> MeshKey:
    """Make a new key of 32 random bytes and write it.

    Raises:
        KeyFileError: There is one already.
        StorageError: It cannot be written.
    """
    if paths.key.exists():
        raise KeyFileError(f"{paths.key}: there is a key already")
    key = MeshKey(base64.b64encode(secrets.token_bytes(32)).decode())
    write_atomically(paths.key, key.bytes + b"\n")
    return key
