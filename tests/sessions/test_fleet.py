"""A fleet of real agents: up twice, edited, down."""

from pathlib import Path

import pytest

from meshbot_core.clients.fleet import FleetWork, running_options, take_down
from meshbot_core.clients.fleet_file import read_fleet
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import serving
from meshbot_core.demo.script import Plan
from meshbot_core.mesh.paths import MeshPaths
from tests.support.claude import required_claude

pytestmark = [pytest.mark.claude, pytest.mark.slow]

FLEET = """
[agents.dev]
folder = "project"
claude = "{claude}"
model = "{model}"

[agents.ops]
daemon = true
folder = "project"
claude = "{claude}"
limits = {{ turns_per_hour = 30 }}
"""


async def test_up_twice_changes_nothing_and_an_edit_only_what_was_edited(
    mesh_paths: MeshPaths, tmp_path: Path, newest: str
) -> None:
    file, project, home = tmp_path / "fleet.toml", tmp_path / "project", tmp_path / "claude-home"
    project.mkdir()
    prepare_home(home, project)
    claude = required_claude(newest)
    dev, ops = (mesh_paths.agent(name) for name in ("dev", "ops"))
    async with serving(Plan(())) as model:
        environment = clean_environment(home, model_environment(model.url))

        async def up(model_name: str) -> list[str]:
            file.write_text(FLEET.format(claude=claude, model=model_name))
            work = FleetWork(read_fleet(file), mesh_paths, environment)
            return [await work.bring_up(agent) for agent in (dev, ops)]

        first = await up("sonnet")
        assert "is started (interactive" in first[0]
        assert "is started (headless" in first[1]
        assert await up("sonnet") == ["runs already", "runs already"]
        edited = await up("opus")
        assert edited == ["is started again: model sonnet → opus", "runs already"]
        options = await running_options(dev)
        assert options is not None
        assert options.flags == ("--model=opus",)
        for agent in (dev, ops):
            assert await take_down(agent) == "is stopped"
            assert await take_down(agent) == "does not run"
