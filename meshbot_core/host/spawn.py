"""Starting an agent host that nothing of ours can take down with it.

The host gets a session of its own by a double fork, so whatever kills the starter's process
tree does not reach it. It reports over a pipe whether it came up. Only the standard library is
imported here, because the MCP server starts its host before anything else.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from meshbot_core.errors import HostUnavailableError, MeshError
from meshbot_core.host.whereabouts import accepts, socket_of

if TYPE_CHECKING:
    from meshbot_core.mesh.paths import AgentPaths

LINGER_S: Final = 10.0
START_LIMIT_S: Final = 60.0
_MAX_LOG_BYTES: Final = 1024 * 1024
_OF_A_SESSION: Final = (
    "MESHBOT_AGENT_FOLDER",
    "MESHBOT_APPROVALS",
    "MESHBOT_HOOK_TOKEN",
    "MESHBOT_HOOK_URL",
)
"""What a host gives its session. A host that is started from within one is no part of it."""


@dataclass(frozen=True, slots=True)
class SpawnOptions:
    """How a host is to be started when none runs.

    ``port`` and ``host`` None: as the mesh's configuration says. ``linger_s`` is how long the
    host stays after its last client vanished without a word.
    """

    port: int | None = None
    host: str | None = None
    advertise: str | None = None
    linger_s: float = LINGER_S

    def arguments(self) -> list[str]:
        """The command line of ``python -m meshbot_core.host`` for these options."""
        words = ["--linger", str(self.linger_s)]
        if self.port is not None:
            words += ["--port", str(self.port)]
        if self.host is not None:
            words += ["--host", self.host]
        if self.advertise is not None:
            words += ["--advertise", self.advertise]
        return words


def host_answers(agent: "AgentPaths") -> bool:
    """Whether something accepts connections on the agent's control socket."""
    return accepts(socket_of(agent))


@dataclass(slots=True)
class Spawned:
    """A host on its way; ``wait`` tells how it went. Owns the reading end of its pipe."""

    report_fd: int

    def wait(self, limit_s: float = START_LIMIT_S) -> None:
        """Return once the host is up, or another one is.

        Raises:
            MeshError: What kept the host from coming up, as the host itself said it.
            HostUnavailableError: It died or hung without a word.
        """
        try:
            line = _line_of(self.report_fd, limit_s)
        finally:
            os.close(self.report_fd)
        if not line:
            raise HostUnavailableError("the agent host did not come up", hint="run: meshbot doctor")
        report = json.loads(line)
        if not report.get("ok"):
            raise error_from(
                str(report.get("code", "")), str(report.get("error", "")), str(report.get("hint"))
            )


def _put_away_if_large(agent: "AgentPaths") -> None:
    """Keep one old log beside the current one, so that logs stay within bounds."""
    with contextlib.suppress(FileNotFoundError):
        if agent.host_log.stat().st_size > _MAX_LOG_BYTES:
            agent.host_log.replace(agent.host_log.with_suffix(".log.1"))


def _line_of(fd: int, limit_s: float) -> bytes:
    deadline = time.monotonic() + limit_s
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(fd, 65536) if ready else b""
        if not chunk:
            return b""
        line += chunk
    return line


def spawn_host(agent: "AgentPaths", options: SpawnOptions) -> Spawned:
    """Start a detached host for ``agent``; returns as soon as it stands on its own feet.

    Raises:
        HostUnavailableError: The process could not be started.
    """
    read_fd, write_fd = os.pipe()
    command = [sys.executable, "-m", "meshbot_core.host", "--detach"]
    command += ["--report-fd", str(write_fd), "--home", str(agent.mesh.home)]
    command += ["--mesh", agent.mesh.mesh, "--as", agent.agent, *options.arguments()]
    try:
        agent.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_away_if_large(agent)
        log_fd = os.open(agent.host_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # The child forks once more and exits, so waiting for it takes a moment only.
            subprocess.run(  # noqa: S603 - our own interpreter, our own module
                command,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                start_new_session=True,
                pass_fds=(write_fd,),
                cwd="/",
                env={k: v for k, v in os.environ.items() if k not in _OF_A_SESSION},
            )
        finally:
            os.close(log_fd)
    except (OSError, subprocess.CalledProcessError) as error:
        os.close(read_fd)
        raise HostUnavailableError(f"the agent host could not be started: {error}") from error
    finally:
        os.close(write_fd)
    return Spawned(read_fd)


def error_from(code: str, message: str, hint: str = "", known: tuple[str, ...] = ()) -> MeshError:
    """The error that a host described, as the class that has this ``code``."""
    classes: list[type[MeshError]] = [MeshError]
    for cls in classes:
        classes += cls.__subclasses__()
    cls = next((cls for cls in classes if cls.code == code), MeshError)
    error = cls.__new__(cls)
    MeshError.__init__(error, message, hint=hint)
    error.__dict__.update(known=known, peer="", status=0, is_final=True)
    return error
