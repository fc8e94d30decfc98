"""Errors become a line and an exit status, whatever they are."""

import errno
import os
import re
import stat
from pathlib import Path

import click
import pytest

from meshbot_core.cli.border import exit_status
from meshbot_core.errors import InvalidNameError, MeshNotFoundError, UnknownPeerError
from tests.cli.running import finished, started


def raising(error: BaseException) -> int:
    def run() -> None:
        raise error

    return exit_status(run)


def test_a_mesh_error_is_its_message_its_hint_and_its_own_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert raising(MeshNotFoundError("no mesh", hint="meshbot init default")) == 1
    assert capsys.readouterr().err == "meshbot: no mesh\n  meshbot init default\n"
    assert raising(InvalidNameError("bad")) == 2


def test_an_error_in_a_group_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    inner = BaseExceptionGroup("tasks", [ValueError("x"), MeshNotFoundError("no mesh")])

    assert raising(BaseExceptionGroup("outer", [inner])) == 1
    assert capsys.readouterr().err.startswith("meshbot: no mesh\n")


def test_an_error_without_a_hint_gets_the_next_command_of_its_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert raising(UnknownPeerError("x", ())) == 1
    assert "meshbot status" in capsys.readouterr().err


def test_what_a_peer_wrote_into_an_error_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising(MeshNotFoundError("a\x1b[2J\nb", hint="c\u202ed"))

    assert capsys.readouterr().err == "meshbot: a\\x1b[2J\\x0ab\n  c\\u202ed\n"


def test_an_error_of_the_system_is_one_line_with_the_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert raising(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "mesh.key")) == 1
    assert capsys.readouterr().err.splitlines()[0] == "meshbot: mesh.key: No space left on device"


def test_ctrl_c_is_quiet_and_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt()) == 130
    assert raising(click.Abort()) == 130
    assert capsys.readouterr().err == ""


def test_a_bug_is_a_line_and_a_private_file_with_the_details(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert raising(ZeroDivisionError("oh")) == 70

    first, second = capsys.readouterr().err.splitlines()
    assert first == "meshbot: a bug of meshbot: ZeroDivisionError: oh"
    named = re.search(r"details are in (\S+)", second)
    assert named is not None
    log = Path(named[1])
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "Traceback" in log.read_text()


def test_a_bug_shows_its_traceback_when_debugging(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHBOT_DEBUG", "1")

    assert raising(ZeroDivisionError("oh")) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_a_command_quietly() -> None:
    with started("--help") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=20)

    assert said == b""
    assert process.returncode == 141


@pytest.mark.slow
@pytest.mark.usefixtures("mesh_paths")
def test_text_that_the_terminals_encoding_lacks_is_spelled_out() -> None:
    finished("add-peer", "dev", "http://localhost:9", "-d", "漢字")

    ran = finished("status", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")

    assert ran.status == 0
    assert "\\u6f22\\u5b57" in ran.out
