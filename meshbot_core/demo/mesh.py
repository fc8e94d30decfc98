"""A throw-away mesh whose agents go on talking: what the console's demonstration looks at.

A build server (``ci``, no session) tells ``dev`` of a build every few seconds; ``dev`` has
``web`` look at it, asks ``ops`` for the canary, and now and then wants to run a command, which
a person allows; ``ci`` now and then asks the person. Who is asked answers. Their models are
scripted; nobody needs an account.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.binary import find_claude, inspect_claude
from meshbot_core.demo.binaries import VERSIONS
from meshbot_core.demo.binaries import find_claude as fetched_claude
from meshbot_core.demo.hosted import DAEMON, host_of, hosted
from meshbot_core.demo.printing import Printer
from meshbot_core.demo.script import (
    ModelRequest,
    Plan,
    Rule,
    Script,
    Turn,
    answering,
    bash,
    call,
    say,
)
from meshbot_core.demo.stage import stage_set
from meshbot_core.errors import ClaudeError, MeshError
from meshbot_core.host.client import HostClient
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import MeshPaths

FIRST: Final = "dev"
BUILD_S: Final = 6.0
_RELEASE_EVERY: Final = 3
_ASKS_EVERY: Final = 7
_ASKED_FIRST: Final = 2
_PATIENCE_S: Final = 300.0
_WANTED: Final = re.compile(r"touch released-(\d+)")


def _number_in(text: str) -> int:
    return next((int(word) for word in text.replace(":", " ").split() if word.isdigit()), 0)


def _mail_in(request: ModelRequest, words: str) -> int:
    """The number of the build that the newest line with ``words`` is about."""
    lines = [line for line in request.user_text.splitlines() if words in line]
    return _number_in(lines[-1]) if lines else 0


def _tell_web(request: ModelRequest) -> Turn:
    number = _mail_in(request, "is green")
    return call("send_message", to="web", message=f"Build {number}: please check the start page.")


def _look(request: ModelRequest) -> Turn:
    number = _mail_in(request, "check the start page")
    return call(
        "send_message", to="dev", message=f"Build {number}: the start page looks right to me."
    )


def _go_on(request: ModelRequest) -> Turn:
    number = _mail_in(request, "looks right")
    # On a slow machine several builds come at once, and the newest is not always a third one.
    wanted = (int(found) for found in _WANTED.findall(request.model_dump_json()))
    if number // _RELEASE_EVERY > max(wanted, default=0) // _RELEASE_EVERY:
        return bash(f"touch released-{number}", f"Release build {number}")
    return call("ask_agent", to="ops", message=f"May build {number} go to the canary?")


PLANS: Final[Mapping[str, Script]] = {
    "dev": Plan(
        (
            Rule("type=ask", (answering("All builds are green so far."), say("Answered."))),
            Rule("looks right", (_go_on, say("The build is on its way."))),
            Rule("is green", (_tell_web, say("web looks at it."))),
            Rule("", (say("I watch the builds."),)),
        )
    ),
    "web": Plan(
        (
            Rule("type=ask", (answering("The start page is fine."), say("Answered."))),
            Rule("check the start page", (_look, say("Looked at it."))),
            Rule("", (say("Fine."),)),
        )
    ),
    "ops": Plan(
        (
            Rule("type=ask", (answering("Yes, it is free."), say("Answered."))),
            Rule("", (say("Noted."),)),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class DemoMesh:
    """The mesh, and whether the real claude plays on it."""

    mesh: MeshPaths
    is_real: bool
    environment: Mapping[str, str]
    """What a program needs to start another agent on it."""


def any_claude() -> Path | None:
    """A claude to play with: one that was fetched, else the one of this machine, or None."""
    fetched = next(filter(None, map(fetched_claude, VERSIONS)), None)
    if fetched is not None:
        return fetched
    try:
        own = find_claude(None, environment=os.environ)
        inspect_claude(own, environment=os.environ)
    except ClaudeError:
        return None
    return own


@contextlib.asynccontextmanager
async def demo_mesh(binary: Path | None, *, build_s: float = BUILD_S) -> AsyncIterator[DemoMesh]:
    """Agents that talk for as long as the block runs; nothing of it is left.

    Without ``binary`` a small MCP client stands in for claude, headless.

    Raises:
        MeshError: An agent does not start.
    """
    with stage_set(binary, Printer()) as stage:
        async with (
            hosted(stage, PLANS) as agents,
            host_of(stage, "ci") as build_server,
            asyncio.TaskGroup() as group,
        ):
            own = operator_name(read_config(stage.mesh))
            building = group.create_task(_build(build_server, own, build_s))
            options = agents[DAEMON].options
            yield DemoMesh(
                stage.mesh,
                binary is not None,
                {**options.inherited, "MESHBOT_CLAUDE": options.claude or ""},
            )
            building.cancel()


async def _build(ci: HostClient, person: str, build_s: float) -> None:
    """Tell of one build after the other, and ask the person about some."""
    number = 1
    while True:
        with contextlib.suppress(MeshError):
            await ci.send(to=FIRST, message=f"Build {number} is green.", wait=False)
        if number % _ASKS_EVERY == _ASKED_FIRST:
            # The person may not be on the mesh.
            with contextlib.suppress(MeshError):
                question = f"Build {number} has a new banner. Is it to stay?"
                await ci.ask(to=person, message=question, timeout_s=_PATIENCE_S)
        number += 1
        await asyncio.sleep(build_s)
