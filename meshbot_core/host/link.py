"""The way to an agent's host: find it or start it, ask it, ask again when it was replaced."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from meshbot_core.errors import HostRunningError, HostUnavailableError, HostVersionError, MeshError
from meshbot_core.host import api
from meshbot_core.host.owner import owner_pid
from meshbot_core.host.spawn import SpawnOptions, error_from, host_answers, spawn_host
from meshbot_core.host.unix_http import AwayError, Response, UnixHttp
from meshbot_core.mesh.paths import AgentPaths

AWAY_LIMIT_S: Final = 5.0
LOOK_AGAIN_S: Final = 0.05
_CALL_LIMIT_S: Final = 90.0
_NO_ROUTE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)

Model = TypeVar("Model", bound=api.ApiModel)


def new_session(kind: str) -> str:
    """A session id that tells the host which process holds it: ``kind-pid-random``."""
    return f"{kind}-{os.getpid()}-{uuid.uuid4().hex}"


@dataclass(slots=True)
class Link:
    """One client's way to its host; ``spawn`` None means that none may be started.

    ``is_ending`` set: failures are no longer tried again.
    """

    agent: AgentPaths
    spawn: SpawnOptions | None
    http: UnixHttp
    is_ending: bool = False
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ready(self) -> None:
        """Return when a host answers.

        Raises:
            HostUnavailableError: None does, and none was to be started, or it did not come up.
            MeshError: What kept a host from starting.
        """
        # One start at a time: a call and the event stream often miss the host together.
        async with self._starting:
            await self._answering()

    async def _answering(self) -> None:
        if await asyncio.to_thread(host_answers, self.agent):
            return
        if self.spawn is None:
            raise HostUnavailableError(
                f"no host of {self.agent.agent!r} runs here",
                hint=f"start one with: meshbot serve --as {self.agent.agent}",
            )
        spawned = spawn_host(self.agent, self.spawn)
        try:
            await asyncio.to_thread(spawned.wait)
        except HostRunningError:
            if not await asyncio.to_thread(host_answers, self.agent):
                raise

    async def gone(self) -> None:
        """Return when no host answers any more.

        Raises:
            HostRunningError: It does not end.
        """
        deadline_s = asyncio.get_running_loop().time() + AWAY_LIMIT_S
        while await asyncio.to_thread(host_answers, self.agent):
            if asyncio.get_running_loop().time() > deadline_s:
                raise HostRunningError(f"the host of {self.agent.agent!r} does not end")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def call(
        self,
        method: str,
        path: str,
        answer: type[Model],
        content: api.ApiModel | None = None,
        query: Mapping[str, str] | None = None,
        *,
        limit_s: float = _CALL_LIMIT_S,
    ) -> Model:
        """Request ``path`` and read the answer as ``answer``.

        Raises:
            HostVersionError: The answer is not understood.
            MeshError: As ``request``.
        """
        response = await self.request(method, path, content, query, limit_s=limit_s)
        try:
            return answer.model_validate_json(response.body)
        except ValidationError as error:
            raise HostVersionError(
                f"the host answers {path} in a way this version does not understand",
                hint=self._other_version_hint,
            ) from error

    async def request(
        self,
        method: str,
        path: str,
        content: api.ApiModel | None = None,
        query: Mapping[str, str] | None = None,
        *,
        limit_s: float = _CALL_LIMIT_S,
    ) -> Response:
        """Request ``path``; once the host is away, try again for ``AWAY_LIMIT_S``.

        Raises:
            HostUnavailableError: No host came back in that time, or it says nothing in ``limit_s``.
            HostVersionError: The host does not know such a request.
            MeshError: What the host refused, as the class that it named.
        """
        body = content.model_dump_json().encode() if content else b""
        target = f"{path}?{urlencode(query)}" if query else path
        loop = asyncio.get_running_loop()
        deadline_s: float | None = None
        while True:
            asked_s = loop.time()
            try:
                async with asyncio.timeout(limit_s):
                    response = await self.http.request(method, target, body)
            except TimeoutError as error:
                raise self._unanswered() from error
            except AwayError as error:
                # From here on: a question may wait for its answer for long, and lose a host twice.
                if deadline_s is None or loop.time() - asked_s > AWAY_LIMIT_S:
                    deadline_s = loop.time() + AWAY_LIMIT_S
                if loop.time() > deadline_s or self.is_ending:
                    raise self._unanswered() from error
                await asyncio.sleep(LOOK_AGAIN_S)
                await self.ready()
            else:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise self._refusal(response, path)
                return response

    async def events(self, *, kind: str, session: str) -> AsyncIterator[api.HostEvent]:
        """One event stream, from its hello until the host ends or is gone."""
        query = {"kind": kind, "session": session, "pid": str(os.getpid())}
        with contextlib.suppress(AwayError):
            async for line in self.http.lines(f"/v1/events?{urlencode(query)}"):
                with contextlib.suppress(ValidationError):
                    # An event that this version does not know passes.
                    yield api.HOST_EVENT.validate_json(line)

    def _unanswered(self) -> HostUnavailableError:
        return HostUnavailableError(
            f"the host of {self.agent.agent!r} does not answer", hint="run: meshbot doctor"
        )

    @property
    def _other_version_hint(self) -> str:
        pid = owner_pid(self.agent)
        return f"end it, so that one of this version starts and goes on: kill {pid or 'its pid'}"

    def _refusal(self, response: Response, path: str) -> MeshError:
        try:
            body = api.ErrorBody.model_validate_json(response.body)
        except ValidationError:
            return HostUnavailableError(f"the host answered {response.status} without a reason")
        if body.code == api.NO_ROUTE and response.status in _NO_ROUTE:
            return HostVersionError(
                f"the host of {self.agent.agent!r} is of another version and does not know {path}",
                hint=self._other_version_hint,
            )
        return error_from(body.code, body.error, body.hint, body.known)
