"""A throw-away mesh whose agents go on talking: what the console's demonstration looks at.

A build server (``ci``, no session) tells ``dev`` of a build every few seconds; ``dev`` has
``web`` look at it, asks ``ops`` for the canary, and now and then wants to run a command, which
a person allows. Their models are scripted; nobody needs an account.
"""

import asyncio
import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.binary import find_claude, inspect_claude
from meshbot_core.demo.binaries import VERSIONS
from meshbot_core.demo.binaries import find_claude as fetched_claude
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import serving
from meshbot_core.demo.printing import Printer
from meshbot_core.demo.script import ModelRequest, Plan, Rule, Script, ToolCall, Turn, call, say
from meshbot_core.demo.stage import Stage, stage_set
from meshbot_core.errors import ClaudeError, MeshError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import Limits, SessionOptions

FIRST: Final = "dev"
BUILD_S: Final = 6.0
_NAMES: Final = ("dev", "web", "ops")
_RELEASE_EVERY: Final = 3
_STAND_IN: Final = """#!/bin/sh
case "$1" in
  --version) echo "2.1.330 (Claude Code)"; exit 0;;
  auth) echo '{"loggedIn": true, "authMethod": "api_key"}'; exit 0;;
esac
exec "%s" -m meshbot_core.demo.stand_in "$@"
"""


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
    if number % _RELEASE_EVERY == 0:
        command = f"touch released-{number}"
        arguments = {"command": command, "description": f"Release build {number}"}
        return Turn(calls=(ToolCall("Bash", arguments),))
    return call("ask_agent", to="ops", message=f"May build {number} go to the canary?")


def _answer(request: ModelRequest) -> Turn:
    replies: list[ToolCall] = []
    for head in request.user_text.split("type=ask")[1:]:
        sender, message_id = (_quoted(head, name) for name in ("from", "id"))
        if sender and message_id:
            arguments = {"to": sender, "messageId": message_id, "message": "Yes, it is free."}
            replies.append(ToolCall("mcp__mesh__reply", arguments))
    return Turn(calls=tuple(replies)) if replies else say("Nothing to answer.")


def _quoted(text: str, name: str) -> str:
    _, found, rest = text.partition(f'{name}="')
    return rest.split('"', 1)[0] if found else ""


PLANS: Final[Mapping[str, Script]] = {
    "dev": Plan(
        (
            Rule("looks right", (_go_on, say("The build is on its way."))),
            Rule("is green", (_tell_web, say("web looks at it."))),
            Rule("", (say("I watch the builds."),)),
        )
    ),
    "web": Plan(
        (Rule("check the start page", (_look, say("Looked at it."))), Rule("", (say("Fine."),)))
    ),
    "ops": Plan((Rule("type=ask", (_answer, say("Answered."))), Rule("", (say("Noted."),)))),
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
        async with contextlib.AsyncExitStack() as stack:
            home = stage.folder / "home"
            projects = {name: stage.folder / name for name in _NAMES}
            for project in projects.values():
                project.mkdir()
            prepare_home(home, *projects.values(), stage.folder)
            program = binary or _stand_in(stage.folder)
            environment: dict[str, str] = {}
            for name, project in projects.items():
                model = await stack.enter_async_context(serving(PLANS[name]))
                environment = clean_environment(home, model_environment(model.url))
                client = await _joined(stack, stage, name)
                kind = "interactive" if binary and name != "ops" else "headless"
                await SessionClient(client).start(
                    SessionOptions(
                        kind=kind,
                        folder=str(project),
                        flags=("--permission-mode", "default"),
                        inherited=environment,
                        claude=str(program),
                        limits=Limits(turns_per_hour=None),
                    )
                )
            build_server = await _joined(stack, stage, "ci")
            async with asyncio.TaskGroup() as group:
                building = group.create_task(_build(build_server, build_s))
                yield DemoMesh(
                    stage.mesh,
                    binary is not None,
                    environment | {"MESHBOT_CLAUDE": str(program)},
                )
                building.cancel()


async def _joined(stack: contextlib.AsyncExitStack, stage: Stage, name: str) -> HostClient:
    agent = stage.mesh.agent(name)
    client = await stack.enter_async_context(
        HostClient.connected(agent, kind="cli", spawn=SpawnOptions(), present=True)
    )
    stage.note_host(agent)
    return client


async def _build(ci: HostClient, build_s: float) -> None:
    """Tell of one build after the other."""
    number = 1
    while True:
        with contextlib.suppress(MeshError):
            await ci.send(to=FIRST, message=f"Build {number} is green.", wait=False)
        number += 1
        await asyncio.sleep(build_s)


def _stand_in(folder: Path) -> Path:
    place = Path(tempfile.mkdtemp(dir=folder)) / "claude"
    place.write_text(_STAND_IN % sys.executable, encoding="utf-8")
    place.chmod(stat.S_IRWXU)
    return place
