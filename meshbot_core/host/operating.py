"""The operator's host: there while agents of this machine run (decision 14).

It is like any other without a session, but it is started when an agent writes to the person.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import HostRunningError, InvalidNameError, MailboxError, MeshError
from meshbot_core.host import api
from meshbot_core.host.owner import is_alive, owner_pid
from meshbot_core.host.spawn import SpawnOptions, host_answers, spawn_host
from meshbot_core.host.unix_http import AwayError, UnixHttp
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.operator import meant, operator_name
from meshbot_core.mesh.paths import AgentPaths, MeshPaths

UNATTENDED: Final = "no human is attached to the operator now"

_PERSONAL: Final = frozenset({"cli", "console"})
"""Kinds of client through which a person reads."""

_LOOK_S: Final = 1.0
_LOOK_LIMIT_S: Final = 2.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Operators:
    """What the host of ``agent`` knows of the person at this machine."""

    agent: AgentPaths
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def meant(self, name: str, config: MeshConfig) -> str:
        """The agent that ``name`` means on this machine."""
        return meant(name, config)

    def is_another(self, name: str, config: MeshConfig) -> bool:
        """Whether ``name`` is the operator of this machine, and not this agent itself."""
        return name == operator_name(config) and name != self.agent.agent

    async def be_there(self, config: MeshConfig) -> None:
        """Start the operator's host unless it runs; it enters itself into the mesh.

        Raises:
            MeshError: What kept it from starting, when nothing can be kept for it either.
        """
        name = operator_name(config)
        try:
            async with self._starting:
                await asyncio.to_thread(_started, self.agent.mesh.agent(name))
        except MeshError as error:
            log.warning("the operator's host does not start: %s", error)
            if name not in config.peers:
                raise

    async def attendance_note(self, config: MeshConfig) -> str:
        """``UNATTENDED``, or nothing while somebody reads what comes for the operator."""
        operator = self.agent.mesh.agent(operator_name(config))
        return "" if await _is_attended(operator) else UNATTENDED


def _started(operator: AgentPaths) -> None:
    if host_answers(operator):
        return
    try:
        spawn_host(operator, SpawnOptions()).wait()
    except HostRunningError:
        if not host_answers(operator):
            raise


async def _is_attended(operator: AgentPaths) -> bool:
    http = UnixHttp(operator)
    try:
        async with asyncio.timeout(_LOOK_LIMIT_S):
            response = await http.request("GET", "/v1/status")
        status = api.HostStatus.model_validate_json(response.body)
    except (AwayError, TimeoutError, ValueError):
        return False
    finally:
        http.close()
    return any(client.kind in _PERSONAL for client in status.clients)


@dataclass(slots=True)
class OpenAsks:
    """Tells whether an ask of this agent to the person of its machine is open."""

    mailbox: Mailbox
    name: Callable[[], str]
    told: Callable[[bool], None]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it when an ask was made or answered; what else ends one is seen within a second."""
    _is_open: bool = False

    async def keep(self) -> None:
        """Look again and again until cancelled."""
        while True:
            self.changed.clear()
            try:
                await self._look()
            except MailboxError as error:
                log.warning("open asks cannot be read: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self.changed.wait()

    async def _look(self) -> None:
        counts = self.mailbox.counts
        found = bool(counts.open_asks) and await self.mailbox.open_ask_to(self.name()) is not None
        if found != self._is_open:
            self._is_open = found
            self.told(found)


@dataclass(slots=True)
class Vigil:
    """Tells whether this host stays for others: it is the operator's, and others run here."""

    agent: AgentPaths
    config: Callable[[], MeshConfig]
    changed: Callable[[], None]
    _others_run: bool = True

    @property
    def is_needed(self) -> bool:
        """Whether the host must stay. The operator may have got another name meanwhile."""
        return self._is_operator and self._others_run

    @property
    def _is_operator(self) -> bool:
        return self.agent.agent == operator_name(self.config())

    async def keep(self) -> None:
        """Look again and again until cancelled."""
        while True:
            if self._is_operator:
                found = await asyncio.to_thread(others_run, self.agent)
                if found != self._others_run:
                    self._others_run = found
                    self.changed()
            await asyncio.sleep(_LOOK_S)


def others_run(agent: AgentPaths) -> bool:
    """Whether a host of another agent of the mesh runs on this machine."""
    return any(_runs(other) for other in _neighbours(agent.mesh) if other.agent != agent.agent)


def _neighbours(paths: MeshPaths) -> Iterator[AgentPaths]:
    for place in paths.folder.glob("queues/*/host.json"):
        try:
            yield paths.agent(place.parent.name)
        except InvalidNameError:
            continue


def _runs(agent: AgentPaths) -> bool:
    """The pid alone proves nothing: a host that was killed leaves its file, and pids return."""
    pid = owner_pid(agent)
    return pid is not None and is_alive(pid) and host_answers(agent)
