"""Fetching claude into the cache, with an npm of our own in the PATH."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from meshbot_core.demo.binaries import (
    ClaudeUnavailableError,
    cache_folder,
    fetch_claude,
    find_claude,
    main,
    platform_package,
)

# Installs a "claude" that says the wanted version, and notes that it was called.
NPM = """#!/bin/sh
prefix=$3
for word; do package=$word; done
echo called >> "{calls}"
{before}
folder="$prefix/node_modules/${{package%@*}}"
mkdir -p "$folder"
printf '#!/bin/sh\\necho "%s (Claude Code)"\\nexit {status}\\n' "{says}" > "$folder/claude"
chmod +x "$folder/claude"
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def put_npm(tmp_path, monkeypatch, calls):
    """Puts an npm into the PATH that brings a claude of version ``says``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("MESHBOT_CACHE", str(tmp_path / "cache"))

    def put(says: str = "${package##*@}", before: str = "", status: int = 0) -> None:
        npm = folder / "npm"
        npm.write_text(NPM.format(calls=calls, says=says, before=before, status=status))
        npm.chmod(npm.stat().st_mode | stat.S_IXUSR)

    return put


def test_a_version_is_fetched_once_and_then_found(put_npm, calls):
    put_npm()
    assert find_claude("1.2.3") is None

    binary = fetch_claude("1.2.3")

    assert find_claude("1.2.3") == fetch_claude("1.2.3") == binary
    assert calls.read_text().splitlines() == ["called"]


def test_a_binary_of_another_version_is_refused_and_leaves_nothing(put_npm):
    put_npm(says="9.9.9")

    with pytest.raises(ClaudeUnavailableError, match=r"9\.9\.9 instead of 1\.2\.3"):
        fetch_claude("1.2.3")

    assert find_claude("1.2.3") is None
    assert [path.name for path in (cache_folder() / "claude").iterdir()] == ["1.2.3.lock"]


def test_what_npm_complains_about_is_told(put_npm):
    put_npm(before="echo 'npm warn old' >&2; echo 'npm error 404 no such package' >&2; exit 1")

    with pytest.raises(ClaudeUnavailableError, match="404 no such package"):
        fetch_claude("1.2.3")


def test_a_binary_that_does_not_run_here_is_refused(put_npm):
    put_npm(status=3)

    with pytest.raises(ClaudeUnavailableError, match="does not run here"):
        fetch_claude("1.2.3")


@pytest.mark.slow
async def test_a_run_that_was_killed_leaves_nothing_that_is_taken_for_a_binary(put_npm, calls):
    put_npm(before="sleep 60")
    program = "from meshbot_core.demo.binaries import fetch_claude; fetch_claude('1.2.3')"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, start_new_session=True
    )
    async with asyncio.timeout(10):
        while not calls.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    assert find_claude("1.2.3") is None

    put_npm()
    assert fetch_claude("1.2.3") == find_claude("1.2.3")
    names = sorted(path.name for path in (cache_folder() / "claude").iterdir())
    assert names == ["1.2.3", "1.2.3.lock"]


@pytest.mark.slow
async def test_runs_at_the_same_time_install_once(put_npm, calls):
    put_npm()
    program = "from meshbot_core.demo.binaries import fetch_claude; fetch_claude('1.2.3')"

    runs = [await asyncio.create_subprocess_exec(sys.executable, "-c", program) for _ in range(3)]

    assert [await run.wait() for run in runs] == [0, 0, 0]
    assert calls.read_text().splitlines() == ["called"]


def test_every_version_gets_a_line_and_one_that_is_missing_a_status(put_npm, capsys):
    put_npm(before='case "$package" in *197) exit 1;; esac')

    assert main() == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("claude 2.1.330: ")
    assert lines[0].endswith("/claude")
    assert lines[1] == "claude 2.1.197: not available (npm: failed)"


def test_for_the_demonstration_the_newest_alone_is_fetched(put_npm, calls, capsys):
    put_npm()

    assert main(["--newest"]) == 0
    assert main(["--newest"]) == 0

    assert calls.read_text().splitlines() == ["called"]
    assert find_claude("2.1.330") is not None
    assert find_claude("2.1.197") is None
    assert capsys.readouterr().err.count("looked for at npm") == 1


def test_without_npm_the_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("MESHBOT_CACHE", str(tmp_path / "cache"))

    assert main() == 1

    assert "not available (npm is not installed)" in capsys.readouterr().out


def test_the_cache_is_the_users_unless_it_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("MESHBOT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / "meshbot"

    monkeypatch.setenv("MESHBOT_CACHE", str(tmp_path / "ours"))
    assert cache_folder() == tmp_path / "ours"


@pytest.mark.parametrize(
    ("system", "machine", "libc", "package"),
    [
        ("linux", "x86_64", "glibc", "linux-x64"),
        ("linux", "aarch64", "", "linux-arm64-musl"),
        ("darwin", "arm64", "", "darwin-arm64"),
    ],
)
def test_each_platform_has_its_package(monkeypatch, system, machine, libc, package):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: (libc, ""))

    assert platform_package() == f"@anthropic-ai/claude-code-{package}"


def test_a_machine_without_a_package_is_named(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(ClaudeUnavailableError, match="riscv64"):
        platform_package()
