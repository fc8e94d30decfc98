"""Fetches the real ``claude`` from npm into a cache: ``python -m meshbot_core.demo.binaries``.

The native binary lies in a package of its own for each platform, so neither Node's version nor
an install script matters. A version folder appears in the cache only when it is complete and
the binary in it has said its version: interrupted and simultaneous runs do no harm.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock

from meshbot_core.demo.claude_home import clean_environment
from meshbot_core.errors import MeshError

NEWEST: Final = "2.1.330"
OLDEST: Final = "2.1.197"
VERSIONS: Final = (NEWEST, OLDEST)

_INSTALL_LIMIT_S: Final = 600
_START_LIMIT_S: Final = 30
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ClaudeUnavailableError(MeshError):
    """The real claude cannot be had here."""

    code = "claude_unavailable"


def cache_folder() -> Path:
    """Where the binaries lie: ``MESHBOT_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get("MESHBOT_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "meshbot"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "meshbot"


def platform_package() -> str:
    """The npm package that holds the native binary for this machine.

    Raises:
        ClaudeUnavailableError: There is none.
    """
    machine = _MACHINES.get(platform.machine().lower())
    if machine is None or sys.platform not in ("linux", "darwin"):
        raise ClaudeUnavailableError(f"no claude for {sys.platform} on {platform.machine()}")
    is_musl = sys.platform == "linux" and platform.libc_ver()[0] != "glibc"
    return f"@anthropic-ai/claude-code-{sys.platform}-{machine}{'-musl' if is_musl else ''}"


def find_claude(version: str) -> Path | None:
    """The cached binary of ``version``; None when it was not fetched."""
    try:
        binary = _binary_in(_version_folder(version))
    except ClaudeUnavailableError:
        return None
    return binary if os.access(binary, os.X_OK) else None


def fetch_claude(version: str) -> Path:
    """The binary of ``version``, fetched when the cache lacks it.

    Raises:
        ClaudeUnavailableError: npm, the network or the package is missing, or the binary does
            not run here.
    """
    folder = _version_folder(version)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{version}.lock"):
            if found := find_claude(version):
                return found
            for leftover in folder.parent.glob(f".{version}-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            _install(version, folder)
    except OSError as error:
        raise ClaudeUnavailableError(f"{folder.parent} cannot be written: {error}") from error
    return _binary_in(folder)


def _install(version: str, folder: Path) -> None:
    building = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=folder.parent))
    try:
        _run_npm(version, building)
        seen = version_of(_binary_in(building))
        if seen != version:
            raise ClaudeUnavailableError(f"npm brought claude {seen} instead of {version}")
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _run_npm(version: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ClaudeUnavailableError("npm is not installed")
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit"]
    command += ["--no-fund", "--loglevel=error", f"{platform_package()}@{version}"]
    try:
        subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_LIMIT_S,
            cwd=folder,
        )
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line.lower()]
        raise ClaudeUnavailableError(f"npm: {lines[0] if lines else 'failed'}") from error
    except subprocess.TimeoutExpired as error:
        raise ClaudeUnavailableError(f"npm took longer than {_INSTALL_LIMIT_S} s") from error


def version_of(binary: Path) -> str:
    """What ``binary --version`` says, without the product's name.

    Raises:
        ClaudeUnavailableError: It does not run here.
    """
    with tempfile.TemporaryDirectory(prefix="meshbot-claude-") as home:
        try:
            said = subprocess.run(  # noqa: S603 - a binary of our own cache
                [binary, "--version"],
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_START_LIMIT_S,
                env=clean_environment(Path(home)),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ClaudeUnavailableError(f"{binary.name} does not run here: {error}") from error
    return said.stdout.split()[0] if said.stdout.split() else ""


def _version_folder(version: str) -> Path:
    return cache_folder() / "claude" / version


def _binary_in(folder: Path) -> Path:
    return folder / "node_modules" / platform_package() / "claude"


def main(words: Sequence[str] = ()) -> int:
    """Fetch every version that the tests use, with ``--newest`` that alone; a line for each."""
    status = 0
    for version in (NEWEST,) if "--newest" in words else VERSIONS:
        if find_claude(version) is None:
            sys.stderr.write(f"claude {version}: looked for at npm, some hundred MB ...\n")
            sys.stderr.flush()
        try:
            line = f"claude {version}: {fetch_claude(version)}"
        except ClaudeUnavailableError as error:
            line = f"claude {version}: not available ({error})"
            status = 1
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
