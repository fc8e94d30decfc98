"""Where the files of a mesh lie; nothing here reads or writes their contents."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from meshbot_core.errors import InvalidNameError, MeshNotFoundError, StorageError
from meshbot_core.types import checked_name

_PRIVATE_MODE = 0o700
_MAX_SOCKET_BYTES = 100  # the systems allow 104 (macOS) and 108 (Linux), with a NUL
_SOCKET_NAME_BYTES = len("0123456789abcdef.sock")


def home_folder() -> Path:
    """The folder that holds ``.mesh``: ``MESHBOT_HOME``, else the user's home."""
    named = os.environ.get("MESHBOT_HOME", "")
    return Path(named).expanduser().absolute() if named else Path.home()


def runtime_folder() -> Path:
    """The folder for sockets: private to this user, made anew when it vanished.

    Raises:
        StorageError: It is not ours alone, or cannot be made.
    """
    folder = _runtime_place()
    try:
        folder.mkdir(mode=_PRIVATE_MODE, parents=False, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StorageError(
            f"{folder} is not a folder of this user",
            hint=f"remove it, or set XDG_RUNTIME_DIR (its owner is user {found.st_uid})",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StorageError(f"{folder} is open to others", hint=f"chmod 700 {folder}")
    return folder


def _runtime_place() -> Path:
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and _is_own_folder(Path(given)):
        place = Path(given) / "meshbot"
        if _fits(place):
            return place
    named_by_user = f"meshbot-{os.geteuid()}"
    place = Path(tempfile.gettempdir()) / named_by_user
    return place if _fits(place) else Path("/tmp") / named_by_user  # noqa: S108 -- owner and mode are checked


def _is_own_folder(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + 1 + _SOCKET_NAME_BYTES < _MAX_SOCKET_BYTES


@dataclass(frozen=True, slots=True)
class MeshPaths:
    """The files of one mesh under one home folder."""

    home: Path
    mesh: str

    @property
    def folder(self) -> Path:
        """Everything of this mesh but the root key."""
        return self.home / ".mesh" / self.mesh

    @property
    def config(self) -> Path:
        """Peers, TLS and limits."""
        return self.folder / "config.json"

    @property
    def key(self) -> Path:
        """The shared key, base64 text."""
        return self.folder / "mesh.key"

    @property
    def root_pub(self) -> Path:
        """The public half of the root key, PEM."""
        return self.folder / "root.pub"

    @property
    def manifest(self) -> Path:
        """The newest signed manifest; it holds the mesh key."""
        return self.folder / "manifest.json"

    @property
    def node_pub(self) -> Path:
        """The public half of this machine's key, PEM."""
        return self.folder / "node.pub"

    @property
    def node_key(self) -> Path:
        """This machine's key, PEM."""
        return self.folder / "node.key"

    @property
    def admin_folder(self) -> Path:
        """Where the root key lies, apart from what hosts need."""
        return self.home / ".mesh-admin" / self.mesh

    @property
    def root_key(self) -> Path:
        """The root key, PEM; only on the machine that made the mesh."""
        return self.admin_folder / "root.key"

    def agent(self, name: str) -> "AgentPaths":
        """The files of one local agent.

        Raises:
            InvalidNameError: No agent may have that name.
        """
        return AgentPaths(self, checked_name(name))


@dataclass(frozen=True, slots=True)
class AgentPaths:
    """The files of one local agent of a mesh."""

    mesh: MeshPaths
    agent: str

    @property
    def folder(self) -> Path:
        """The agent's own folder."""
        return self.mesh.folder / "queues" / self.agent

    @property
    def mailbox(self) -> Path:
        """The agent's SQLite mailbox."""
        return self.folder / "mailbox.db"

    @property
    def lock(self) -> Path:
        """Held by the one host that owns the agent."""
        return self.folder / "host.lock"

    @property
    def host_json(self) -> Path:
        """Where the running host is found."""
        return self.folder / "host.json"

    @property
    def host_log(self) -> Path:
        """What a host in the background says."""
        return self.folder / "host.log"

    @property
    def session_log(self) -> Path:
        """What happened in the agent's session, one line an event."""
        return self.folder / "session.log"

    @property
    def session_json(self) -> Path:
        """The session that runs, for the host that comes after a crash."""
        return self.folder / "session.json"

    @property
    def session_end(self) -> Path:
        """How the last session ended, when it crashed."""
        return self.folder / "session-end.json"

    @property
    def legacy_queue(self) -> Path:
        """The inbox of the reference implementation."""
        return self.folder / "queue.json"

    @property
    def pid_file(self) -> Path:
        """For people and the reference implementation; the lock is the truth."""
        return self.mesh.folder / "daemons" / f"{self.agent}.pid"

    @property
    def socket(self) -> Path:
        """The host's control socket, in the runtime folder, which is made if need be.

        Raises:
            StorageError: The runtime folder is not ours alone.
        """
        place = "\0".join((os.path.realpath(self.mesh.home), self.mesh.mesh, self.agent))
        digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
        return runtime_folder() / f"{digest[:16]}.sock"


def list_meshes(home: Path | None = None) -> tuple[str, ...]:
    """The names of the meshes in a home folder, sorted."""
    found = (home or home_folder()).glob(".mesh/*/config.json")
    return tuple(sorted(path.parent.name for path in found if _is_name(path.parent.name)))


def _is_name(text: str) -> bool:
    try:
        checked_name(text, what="mesh")
    except InvalidNameError:
        return False
    return True


def open_mesh(mesh: str, home: Path | None = None) -> MeshPaths:
    """Find a mesh that exists.

    Raises:
        InvalidNameError: No mesh may have that name.
        MeshNotFoundError: There is none of that name; the hint says what to type.
    """
    paths = MeshPaths(home or home_folder(), checked_name(mesh, what="mesh"))
    if not os.path.lexists(paths.config):
        known = list_meshes(paths.home)
        others = f"; there is: {', '.join(known)}" if known else ""
        raise MeshNotFoundError(
            f'Mesh "{mesh}" not found in {paths.home / ".mesh"}{others}',
            hint=f"create it with: meshbot init {mesh}",
        )
    return paths
