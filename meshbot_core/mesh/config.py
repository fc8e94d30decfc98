"""``config.json`` of a mesh: read, checked, and changed under a lock.

Members that we do not know are kept at every level, in their order: the reference
implementation and later versions write to the same file.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from meshbot_core.errors import ConfigError, InvalidUrlError, StorageError
from meshbot_core.mesh.document import json_bytes, load_document, merged, parse_document
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.urls import normalize_peer_url
from meshbot_core.types import NAME_PATTERN

_LOCK_TIMEOUT_S: Final = 30.0
_SETTLE_S: Final = 0.5
"""How long a file that was just changed may be unreadable: others write it in place."""

_EXPECTED: Final = {
    "missing": "expected this member, it is missing",
    "dict_type": "expected an object, '{ … }'",
    "model_type": "expected an object, '{ … }'",
    "string_pattern_mismatch": "expected a name of 1 to 64 letters, digits, '.', '_' or '-'",
}
"""What pydantic's kinds of error mean to somebody who edits the file."""


def _usable_url(text: str) -> str:
    try:
        normalize_peer_url(text)
    except InvalidUrlError as error:
        raise ValueError(f"{error} ({error.hint})") from error
    return text


AgentName = Annotated[str, Field(pattern=f"^{NAME_PATTERN.pattern}$")]
PeerUrl = Annotated[str, AfterValidator(_usable_url)]


class Section(BaseModel):
    """Base of all parts of the configuration: frozen, strict, keeps members it does not know."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="allow", populate_by_name=True, hide_input_in_errors=True
    )


class Peer(Section):
    """One agent of the mesh."""

    url: PeerUrl
    """Where it takes messages: http or https, host, port."""

    description: str = ""
    """What it is for; shown to people and to the other agents."""


class Tls(Section):
    """Makes the mesh speak HTTPS, both ways."""

    cert: str
    """Our certificate chain, PEM; relative to the mesh folder, ``~`` is the home folder."""

    key: str
    """The certificate's private key, PEM."""

    ca: str | None = None
    """Who signs peers' certificates, PEM; else the system's authorities."""

    reject_unauthorized: bool = Field(default=True, alias="rejectUnauthorized")
    """Whether a peer whose certificate does not verify is refused."""

    def resolved(self, paths: MeshPaths) -> "Tls":
        """The same with absolute paths."""
        found = {
            name: None if text is None else str(_resolved(text, paths))
            for name, text in (("cert", self.cert), ("key", self.key), ("ca", self.ca))
        }
        return self.model_copy(update=found)


class Security(Section):
    """Limits that all agents of the mesh share."""

    replay_window_seconds: int = Field(default=60, ge=1, le=86_400, alias="replayWindowSeconds")
    """How far a message's time may be from the receiver's clock, either way."""

    max_message_size_bytes: int = Field(
        default=1_048_576, ge=1, le=1 << 30, alias="maxMessageSizeBytes"
    )
    """What one request body may weigh."""


class Timeouts(Section):
    """How long we wait for a peer."""

    connect_seconds: float = Field(default=2, gt=0, le=600, alias="connectSeconds")
    """Until the connection stands."""

    send_seconds: float = Field(default=10, gt=0, le=600, alias="sendSeconds")
    """Until a message is answered, connection included."""

    health_seconds: float = Field(default=5, gt=0, le=600, alias="healthSeconds")
    """Until a health question is answered, connection included."""


class Sessions(Section):
    """Claude Code sessions of this machine, where an agent's start says nothing else."""

    claude: str | None = None
    """The ``claude`` to run: a path, or a name on PATH."""

    approval_limit_seconds: float = Field(default=600, gt=0, alias="approvalLimitSeconds")
    """After which a headless session's call is denied that nobody answered."""

    goes_on_after_limit: bool = Field(default=True, alias="goesOnAfterLimit")
    """Whether a session goes on by itself once a limit of the API is over."""


class MeshConfig(Section):
    """Everything that ``config.json`` says."""

    mesh: AgentName
    """The mesh's name."""

    peers: Mapping[AgentName, Peer] = Field(default_factory=dict)
    """Every agent of the mesh by name, our own among them."""

    tls: Tls | None = None
    """HTTPS; without it the mesh speaks plain HTTP."""

    security: Security = Security()
    """Limits that all agents of the mesh share."""

    timeouts: Timeouts = Timeouts()
    """How long we wait for a peer."""

    sessions: Sessions = Sessions()
    """Claude Code sessions of this machine."""

    proxy: str | None = None
    """An HTTP proxy towards peers; without it none is used, whatever the environment says."""

    operator: AgentName | None = None
    """The name under which the human of this machine is on the mesh."""

    advertise: Mapping[AgentName, PeerUrl] = Field(default_factory=dict)
    """URLs under which other hosts reach agents of this machine."""


def parse_config(data: bytes, path: Path) -> MeshConfig:
    """Check what a configuration file holds; ``path`` is for error messages only.

    Raises:
        ConfigError: With the file, then line and column or the member, then what was expected.
    """
    return _checked(parse_document(data, path), path)


def read_config(paths: MeshPaths) -> MeshConfig:
    """Read the configuration of a mesh.

    A file that makes no sense and was changed this very moment is looked at again for half a
    second, since the reference implementation writes it in place.

    Raises:
        ConfigError: It cannot be read, or says something that it may not say.
    """
    return _checked(_settled_document(paths.config), paths.config)


def load_config(paths: MeshPaths) -> MeshConfig:
    """Read the configuration as it stands this instant; a half-written file is an error.

    Raises:
        ConfigError: It cannot be read, or says something that it may not say.
    """
    return _checked(load_document(paths.config), paths.config)


def change_config(paths: MeshPaths, change: Callable[[MeshConfig], MeshConfig]) -> MeshConfig:
    """Change the configuration under the mesh's lock; written only if it differs.

    ``change`` runs while the lock is held, so keep it short.

    Raises:
        ConfigError: The file is damaged, or the changed one would be.
        StorageError: It cannot be written or locked.
    """
    with config_lock(paths):
        document = _settled_document(paths.config)
        before = _checked(document, paths.config)
        after = change(before)
        if after == before:
            return before
        changed = merged(document, after.model_dump(by_alias=True, exclude_unset=True))
        checked = _checked(changed, paths.config)
        write_atomically(paths.config, json_bytes(changed))
        return checked


def create_config(paths: MeshPaths, config: MeshConfig) -> None:
    """Write the first configuration of a mesh.

    Raises:
        StorageError: It cannot be written.
    """
    write_atomically(paths.config, json_bytes(config.model_dump(by_alias=True, exclude_unset=True)))


@contextmanager
def config_lock(paths: MeshPaths) -> Iterator[None]:
    """Hold the lock under which the files of the mesh change.

    Raises:
        StorageError: It cannot be had: read-only folder, or somebody holds it for too long.
    """
    path = paths.folder / ".config.lock"
    lock = FileLock(
        path, mode=0o600, timeout=_LOCK_TIMEOUT_S, poll_interval=0.01, fallback_to_soft=False
    )
    try:
        lock.acquire()
    except Timeout as error:
        raise StorageError(f"{path} is held by another program") from error
    except (OSError, NotImplementedError) as error:
        raise StorageError(f"{path} cannot be locked: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _settled_document(path: Path) -> dict[str, JsonValue]:
    deadline = time.monotonic() + 2 * _SETTLE_S
    while True:
        try:
            return load_document(path)
        except ConfigError:
            if time.monotonic() > deadline or not just_changed(path):
                raise
        time.sleep(0.02)


def just_changed(path: Path) -> bool:
    """Whether a file was written so lately that somebody may still be at it."""
    try:
        age_s = time.time() - path.stat().st_mtime
    except OSError:
        return False
    return abs(age_s) < _SETTLE_S


def _checked(document: Mapping[str, JsonValue], path: Path) -> MeshConfig:
    try:
        return MeshConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    member = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    text = _EXPECTED.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{member or 'a member'}: {text.replace('Input should be', 'expected')}"


def _resolved(text: str, paths: MeshPaths) -> Path:
    if text == "~" or text.startswith("~/"):
        return paths.home / text[2:]
    return paths.folder / Path(text).expanduser()
