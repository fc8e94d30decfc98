"""The entry point: what loads when, and what is said about wrong words."""

import os
import subprocess
import sys

import pytest

from meshbot_core.cli.main import COMMANDS, main, root
from meshbot_core.version import VERSION
from tests.cli.running import Runner, finished

HEAVY = ("pydantic", "httpx", "aiohttp", "mcp", "cryptography", "asyncio", "filelock")


#: ``up`` and ``down`` take the mesh that their fleet file names.
_WITHOUT_MESH = ("init", "completion", "up", "down")


def loaded_by(code: str) -> set[str]:
    """Which heavy modules an interpreter of its own has after ``code``."""
    script = f"import sys\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(  # noqa: S603 - our own interpreter, fixed code
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.slow
def test_help_imports_nothing_heavy() -> None:
    assert not loaded_by("from meshbot_core.cli.main import main\nmain(['--help'])")


@pytest.mark.slow
def test_serve_imports_nothing_heavy_before_its_host_is_started() -> None:
    assert loaded_by("import meshbot_core.cli.serve") <= {"asyncio"}


@pytest.mark.slow
def test_start_imports_nothing_heavy_before_its_host_is_started() -> None:
    assert not loaded_by("import meshbot_core.cli.start")


def test_help_lists_every_command_with_its_gist(run: Runner) -> None:
    ran = run("--help")

    assert ran.status == 0
    for entry in COMMANDS:
        assert f"  {entry.name} " in ran.out
        assert entry.gist in ran.out


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_every_command_of_the_table_loads_and_explains_itself(name: str, run: Runner) -> None:
    ran = run(name, "--help")

    assert ran.status == 0
    assert ran.out.startswith(f"Usage: meshbot {name}")


@pytest.mark.parametrize(
    "name", [entry.name for entry in COMMANDS if entry.name not in _WITHOUT_MESH]
)
def test_every_command_about_a_mesh_takes_its_name(name: str, run: Runner) -> None:
    assert "-m, --mesh NAME" in run(name, "--help").out


@pytest.mark.parametrize("name", ["status", "inbox", "doctor"])
def test_whatever_lists_something_has_json(name: str, run: Runner) -> None:
    assert "--json" in run(name, "--help").out


def test_version_is_the_packages(run: Runner) -> None:
    assert run("--version").out == f"meshbot {VERSION}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["snd"], "No such command 'snd'. Did you mean 'send'?"),
        (["--nope"], "No such option '--nope'."),
        (["send", "dev"], "Missing argument 'MESSAGE'."),
        (["serve"], "Missing option '--as'."),
        (["serve", "--as", "dev", "--port", "65536"], "is not in the range 0<=x<=65535"),
        (["ask", "dev", "hi", "--timeout", "0"], "is not in the range 0<x<=86400"),
        (["ask", "dev", "hi", "--timeout", "nan"], "nan"),
    ],
)
def test_wrong_usage_is_one_line_and_a_next_command_and_ends_with_2(
    words: list[str], said: str, run: Runner
) -> None:
    ran = run(*words)

    first, second = ran.err.splitlines()
    assert ran.status == 2
    assert first.startswith("meshbot: ")
    assert said in first
    assert second.startswith("  try: meshbot")


def test_no_words_at_all_show_the_help_as_an_error(run: Runner) -> None:
    ran = run()

    assert (ran.status, ran.out) == (2, "")
    assert "Usage: meshbot" in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str, run: Runner) -> None:
    ran = run("completion", shell)

    assert ran.status == 0
    assert "_MESHBOT_COMPLETE" in ran.out


def test_completion_of_another_shell_is_wrong_usage(run: Runner) -> None:
    assert run("completion", "tcsh").status == 2


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("meshbot s", {"status", "send", "serve", "start", "stop"}),
        ("meshbot send al", {"alpha"}),
        ("meshbot status --mesh de", {"default"}),
        ("meshbot send -m none al", set[str]()),
    ],
)
@pytest.mark.usefixtures("alpha")
def test_a_shell_completes_commands_agents_and_meshes(
    words: str, offered: set[str], run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_MESHBOT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    rows = run().out.split()
    assert {row.partition(",")[2] for row in rows} == offered


@pytest.mark.slow
def test_the_package_runs_as_a_module() -> None:
    assert finished("--version").out == f"meshbot {VERSION}\n"


def test_the_table_and_the_group_name_the_same_commands() -> None:
    with root.make_context("meshbot", [], resilient_parsing=True) as context:
        assert root.list_commands(context) == [entry.name for entry in COMMANDS]


def test_whatever_the_umask_was_files_of_a_command_are_the_users_own() -> None:
    before = os.umask(0)
    try:
        main(["--version"])
        found = os.umask(before)
    finally:
        os.umask(before)

    assert found == 0o077
