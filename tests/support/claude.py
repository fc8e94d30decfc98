"""The real claude: found or skipped, with a home of its own and a scripted model."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from meshbot_core.claude.headless import (
    SessionEvent,
    ToolAnswered,
    TurnEnded,
    events_of,
    prompt_arguments,
)
from meshbot_core.claude.launch import PATIENT_WITH_SERVERS
from meshbot_core.demo.binaries import cache_folder, find_claude
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import Script

TURN_LIMIT_S = 30.0
_LINE_LIMIT = 16 * 1024 * 1024


def required_claude(version: str) -> Path:
    """The binary of ``version``; without one the test is skipped, or fails where CI needs it."""
    if binary := find_claude(version):
        return binary
    missing = f"claude {version} is not in {cache_folder()}; fetch it with: make claude"
    if os.environ.get("CI") or os.environ.get("MESHBOT_REQUIRE_CLAUDE") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@dataclass(frozen=True, slots=True)
class Run:
    """What a claude did: its events, and the model that it asked."""

    events: tuple[SessionEvent, ...]
    model: ScriptedModel

    @property
    def answers(self) -> tuple[ToolAnswered, ...]:
        """What the tools answered, in order."""
        return tuple(event for event in self.events if isinstance(event, ToolAnswered))

    def answer(self, index: int = 0, part: int = 0) -> dict[str, JsonValue]:
        """A part of a tool's answer, JSON read."""
        return json.loads(self.answers[index].parts[part])


@dataclass(frozen=True, slots=True)
class Claude:
    """One version of claude, as a user who did nothing but set it up has it."""

    version: str
    binary: Path
    home: Path
    project: Path

    async def register(self, agent: str) -> None:
        """Do what README says: ``claude mcp add mesh -- meshbot serve --as NAME``."""
        process = await asyncio.create_subprocess_exec(
            self.binary,
            *("mcp", "add", "mesh", "--", "meshbot", "serve", "--as", agent),
            stdout=PIPE,
            stderr=PIPE,
            cwd=self.project,
            env=self._environment(),
        )
        out, err = await process.communicate()
        assert process.returncode == 0, (out + err).decode()

    async def told(self, prompt: str, script: Script) -> Run:
        """Run ``claude -p PROMPT`` to its end."""
        async with self.prompted(prompt, script) as (process, model):
            assert process.stdout is not None
            events: list[SessionEvent] = []
            async with asyncio.timeout(TURN_LIMIT_S):
                async for line in process.stdout:
                    events += events_of(line)
                assert await process.wait() == 0, events
        assert not model.errors
        assert [event.denied for event in events if isinstance(event, TurnEnded)] == [()]
        return Run(tuple(events), model)

    @asynccontextmanager
    async def prompted(
        self, prompt: str, script: Script
    ) -> AsyncIterator[tuple[Process, ScriptedModel]]:
        """Start ``claude -p PROMPT``; what still runs at the block's end is killed."""
        async with serving(script) as model:
            process = await asyncio.create_subprocess_exec(
                self.binary,
                *prompt_arguments(prompt, "mesh"),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=self.project,
                env=self._environment() | model_environment(model.url),
                limit=_LINE_LIMIT,
            )
            try:
                yield process, model
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return clean_environment(self.home, {"PATH": path, **PATIENT_WITH_SERVERS})


def set_up_claude(version: str, folder: Path) -> Claude:
    """A claude of ``version`` with home and project inside ``folder``."""
    binary = required_claude(version)
    home, project = folder / "claude-home", folder / "project"
    project.mkdir()
    prepare_home(home, project)
    return Claude(version, binary, home, project)
