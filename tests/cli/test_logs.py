"""``logs``: the session's log, its end and what comes."""

from pathlib import Path

import pytest

from meshbot_core.clients.followed import Followed
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from tests.cli.running import Runner, started


@pytest.fixture
def dev(mesh_paths: MeshPaths) -> AgentPaths:
    agent = mesh_paths.agent("dev")
    agent.folder.mkdir(parents=True, mode=0o700)
    return agent


def written(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def test_the_last_lines_are_shown_those_of_the_older_file_too(run: Runner, dev: AgentPaths) -> None:
    written(dev.session_log.with_suffix(".log.1"), "1", "2")
    written(dev.session_log, "3", "4 \x1b[2J")

    assert run("logs", "dev", "-n", "3").out.splitlines() == ["2", "3", "4 \\x1b[2J"]
    assert run("logs", "dev", "-n", "1").out.splitlines() == ["4 \\x1b[2J"]
    assert run("logs", "dev", "-n", "0").out == ""


def test_the_lines_of_the_host_stand_apart(run: Runner, dev: AgentPaths) -> None:
    written(dev.session_log, "state idle")
    written(dev.host_log, "trouble")

    assert run("logs", "dev", "--host").out.splitlines() == ["host trouble", "state idle"]


def test_no_log_and_no_agent_are_told_apart(run: Runner, dev: AgentPaths) -> None:
    nothing = run("logs", "dev")
    nobody = run("logs", "deb")

    assert (nothing.status, nothing.out) == (0, "")
    assert '"dev" has no log yet' in nothing.err
    assert nobody.status == 1
    assert '"dev" was meant?' in nobody.err


def test_lines_are_followed_through_a_change_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "session.log"
    with Followed(path) as log:
        assert log.last(10) == []
        written(path, "1", "2")
        assert list(log.more()) == ["1", "2"]

        written(path, "3")
        path.replace(tmp_path / "session.log.1")
        assert list(log.more()) == ["3"]
        written(path, "4")
        assert list(log.more()) == ["4"]
        with path.open("a") as file:
            file.write("half")
        assert list(log.more()) == []
        written(path, " and half")
        assert list(log.more()) == ["half and half"]


@pytest.mark.slow
def test_follow_goes_on(dev: AgentPaths) -> None:
    written(dev.session_log, "1")
    with started("logs", "dev", "-f") as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"1\n"
            dev.session_log.replace(dev.session_log.with_suffix(".log.1"))
            written(dev.session_log, "2")
            assert process.stdout.readline() == b"2\n"
        finally:
            process.kill()
