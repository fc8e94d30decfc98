"""``start`` and ``run``: sessions of a small claude, on a terminal, behind it, and alone."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from meshbot_core.mesh.config import Sessions, change_config
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.on_terminal import on_terminal
from tests.cli.running import Runner, finished, started
from tests.support.stand_in_claude import stand_in_claude, starts

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("mesh_paths", "hosts", "small_claude")]


def line_of(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def test_a_person_types_sees_the_answer_and_gets_the_exit_status_and_the_terminal_back(
    small_claude: Path, tmp_path: Path
) -> None:
    words = ("--folder", str(tmp_path), "--restart", "never", "--model", "sonnet", "good day")
    with on_terminal("start", "--as", "dev", *words) as terminal:
        terminal.shows("ctrl+] leaves")
        terminal.shows("heard: good day")
        terminal.types("size\r")
        terminal.shows("size 80x24")
        terminal.types("modes\r")
        terminal.types("exit 3\r")

        assert terminal.ends() == 3
        assert "has ended" in terminal.said
        assert terminal.is_as_before
    [start] = starts(small_claude)
    assert start.folder == str(tmp_path)
    assert "--model=sonnet" in start.arguments


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("-p", "hello"), "-p cannot be given"),
        (("--detach", "--resume=x", "mcp", "list"), "claude mcp is a command"),
        ((), "needs a terminal"),
    ],
)
def test_what_cannot_be_started_is_refused_before_anything_is(
    words: tuple[str, ...], complaint: str, run: Runner, mesh_paths: MeshPaths
) -> None:
    ran = run("start", "--as", "dev", *words)

    assert ran.status == 2
    assert complaint in ran.err
    assert "Traceback" not in ran.err
    assert not mesh_paths.agent("dev").folder.exists()


def test_each_thing_that_is_missing_is_told_in_a_line(
    small_claude: Path, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def complaint(*words: str) -> str:
        ran = run("start", "--as", "dev", "--detach", *words)
        assert ran.status == 1
        return ran.err

    assert "is not there" in complaint("--folder", str(tmp_path / "nowhere"))
    monkeypatch.setenv("MESHBOT_CLAUDE", str(tmp_path / "no-claude"))
    assert "is no program" in complaint()
    monkeypatch.setenv("MESHBOT_CLAUDE", str(stand_in_claude(tmp_path / "old", version="2.0.1")))
    assert "too old" in complaint()
    stranger = stand_in_claude(tmp_path / "stranger", is_logged_in=False)
    monkeypatch.setenv("MESHBOT_CLAUDE", str(stranger))
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert "not logged in" in complaint()
    assert starts(small_claude) == starts(stranger) == ()


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("hop=3", "'hop' is no limit; known are: messages_per_minute, turns_per_hour"),
        ("hops=many", "expected hops=N above 0, or hops=off"),
        ("hops=0", "expected hops=N above 0, or hops=off"),
        ("cost_per_day_usd=inf", "expected cost_per_day_usd=N above 0"),
        ("turns_per_hour", "expected turns_per_hour=N above 0"),
    ],
)
def test_a_limit_that_makes_no_sense_is_told_before_anything_is_started(
    run: Runner, mesh_paths: MeshPaths, limit: str, said: str
) -> None:
    ran = run("start", "--as", "dev", "--detach", "--limit", limit)

    assert ran.status == 2
    assert said in ran.err
    assert not mesh_paths.agent("dev").folder.exists()


def test_the_claude_of_the_mesh_s_configuration_is_used_by_start_up_and_doctor(
    tmp_path: Path, run: Runner, mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    claude = stand_in_claude(tmp_path / "configured")
    monkeypatch.delenv("MESHBOT_CLAUDE", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    monkeypatch.setenv("PATH", str(tmp_path))
    sessions = Sessions(claude=str(claude))
    change_config(mesh_paths, lambda config: config.model_copy(update={"sessions": sessions}))
    fleet = tmp_path / "fleet.toml"
    fleet.write_text('[agents.ops]\ndaemon = true\nfolder = "."\n')

    started_ = run("start", "--as", "dev", "--detach")
    brought_up = run("up", str(fleet))

    assert (started_.status, started_.err) == (0, "")
    assert (brought_up.status, brought_up.err) == (0, "")
    assert len(starts(claude)) == 2
    assert str(claude) in run("doctor").out


def test_limits_are_set_for_one_agent(
    small_claude: Path, run: Runner, mesh_paths: MeshPaths
) -> None:
    limits = ("--limit", "turns_per_hour=30", "--limit", "hops=off", "--limit=cost_per_day_usd=2.5")
    assert run("start", "--as", "dev", "--detach", *limits).status == 0

    kept = json.loads(mesh_paths.agent("dev").session_json.read_text())["options"]["limits"]
    assert kept == {
        "messages_per_minute": 60, "turns_per_hour": 30, "cost_per_day_usd": 2.5, "hops": None,
    }  # fmt: skip


def test_a_session_in_the_background_keeps_its_name_to_itself(
    small_claude: Path, run: Runner
) -> None:
    ran = run("start", "--as", "dev", "--detach")

    assert ran.status == 0, ran.err
    assert '"dev" runs in' in ran.out
    assert "meshbot attach dev" in ran.out
    again = run("start", "--as", "dev", "--detach")
    assert again.status == 1
    assert "meshbot attach dev" in again.err
    task = run("run", "--as", "dev", "hello")
    assert task.status == 1
    assert len(starts(small_claude)) == 1


@pytest.mark.parametrize("at_start", ["exit 0", "exit 3"])
def test_a_claude_that_ends_at_once_is_told(
    at_start: str, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = stand_in_claude(tmp_path / "short", at_start=at_start)
    monkeypatch.setenv("MESHBOT_CLAUDE", str(short))

    ran = run("start", "--as", "dev", "--detach", "--restart", "never")

    assert ran.status == 1
    assert f"ended with status {at_start[-1]}" in ran.err


def test_a_daemon_in_the_foreground_tells_its_states_and_ends_with_its_session(
    small_claude: Path,
) -> None:
    with started("start", "--as", "ops", "--daemon", "Watch.") as daemon:
        told = [line_of(daemon)]
        while not told[-1].endswith(" idle\n"):
            told.append(line_of(daemon))
            assert re.fullmatch(r"\d\d:\d\d:\d\d \w+\n", told[-1]), told
        [start] = starts(small_claude)

        daemon.send_signal(signal.SIGTERM)
        out, err = daemon.communicate(timeout=15)

        assert daemon.returncode == 0, err
        assert "stopped" in out.decode()
        assert not psutil.pid_exists(start.pid)


def test_a_daemon_that_crashes_ends_as_claude_did() -> None:
    with started("start", "--as", "ops", "--daemon", "--restart", "never", "exit 7") as daemon:
        out, _ = daemon.communicate(timeout=15)

    assert daemon.returncode == 7
    assert "crashed: claude ended with status 7" in out.decode()


def test_one_task_is_told_as_it_goes_and_ends_well_or_not(small_claude: Path) -> None:
    done = finished("run", "--as", "ops", "-", given="first line\nsecond line")
    assert (done.status, done.out) == (0, "heard: first line\nsecond line\n"), done.err
    failed = finished("run", "--as", "ops", "fail")
    assert failed.status == 1
    assert "failed: heard: fail" in failed.err
    crashed = finished("run", "--as", "ops", "crash")
    assert crashed.status == 1
    assert "ended by SIGKILL" in crashed.err
    assert not any(psutil.pid_exists(start.pid) for start in starts(small_claude))
    assert len(starts(small_claude)) == 3


def test_a_task_that_is_interrupted_ends_its_session(small_claude: Path) -> None:
    with started("run", "--as", "ops", "hang") as running:
        assert running.stderr is not None
        while not starts(small_claude):
            assert running.poll() is None
        os.kill(running.pid, signal.SIGINT)
        running.communicate(timeout=15)

    assert running.returncode == 130
    assert not psutil.pid_exists(starts(small_claude)[0].pid)
