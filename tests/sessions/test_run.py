"""One task: what it says is on standard output, and it ends when the task is done."""

import asyncio
import sys
from pathlib import Path

import pytest

from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import serving
from meshbot_core.demo.script import Plan, Rule, say
from meshbot_core.mesh.paths import MeshPaths
from tests.support.claude import required_claude

pytestmark = [pytest.mark.claude, pytest.mark.slow]

PLAN = Plan((Rule("", (say("They are whole."),)),))


async def test_a_task_is_done_before_it_ends_and_says_so(
    mesh_paths: MeshPaths, tmp_path: Path, version: str
):
    home, project = tmp_path / "home-run", tmp_path / "project-run"
    project.mkdir()
    prepare_home(home, project)
    async with serving(PLAN) as model, asyncio.timeout(60):
        environment = clean_environment(home, model_environment(model.url))
        environment["MESHBOT_CLAUDE"] = str(required_claude(version))
        environment["MESHBOT_HOME"] = str(mesh_paths.home)
        words = ("-m", "meshbot_core", "run", "--as", "ops", "check the backups")
        task = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=project,
            env=environment,
        )
        out, err = await task.communicate()

    assert (task.returncode, out) == (0, b"They are whole.\n"), err
