"""What this machine is: its identity, its file systems, whether we run on it at all."""

import hashlib
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

from meshbot_core.errors import UnsupportedPlatformError
from meshbot_core.mesh.files import make_private_folder, read_secret, write_atomically
from meshbot_core.mesh.paths import home_folder

_ID_FILES: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_SYSTEM_ID: Final = re.compile(r"[0-9a-fA-F-]{32,36}")
_NETWORK_TYPES: Final = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "davfs", "afs", "ceph"),
        *("glusterfs", "lustre", "beegfs", "ncpfs", "gfs2", "ocfs2", "drvfs", "vboxsf", "prl_fs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.davfs"),
        *("fuse.gcsfuse", "fuse.smbnetfs", "fuse.vmhgfs-fuse", "fuse.juicefs", "macfuse"),
    )
)
_MAC_MOUNT: Final = re.compile(r"^.* on (?P<place>/.*?) \((?P<type>[^,)]+)[,)]")


def ensure_supported_platform(platform: str = sys.platform) -> None:
    """Refuse to run where nothing was tried.

    Raises:
        UnsupportedPlatformError: Neither Linux nor macOS.
    """
    if platform not in ("linux", "darwin"):
        raise UnsupportedPlatformError(
            f"meshbot runs on Linux and macOS, not on {platform}",
            hint="on Windows, install it inside WSL2",
        )


def machine_id() -> str:
    """An id that stays the same for this machine and user, and is another one elsewhere.

    Raises:
        StorageError: The system has none and ours cannot be kept.
    """
    text = f"meshbot:{_system_id() or _kept_id()}:{os.getuid()}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_network_filesystem(path: Path) -> bool:
    """Whether a path, or the nearest folder that exists, lies on a network file system."""
    place = os.path.realpath(path)
    if sys.platform == "darwin":
        mounts = _mac_mounts(_output_of("/sbin/mount"))
    else:
        mounts = _linux_mounts(_text_of(Path("/proc/self/mountinfo")))
    return filesystem_type(place, mounts) in _NETWORK_TYPES


def filesystem_type(place: str, mounts: tuple[tuple[str, str], ...]) -> str:
    """The type of the mount that holds ``place``; mounts are (folder, type), later ones on top."""
    found = ""
    depth = -1
    for folder, kind in mounts:
        prefix = folder.rstrip("/") + "/"
        if len(prefix) >= depth and f"{place}/".startswith(prefix):
            found, depth = kind, len(prefix)
    return found


def _linux_mounts(mountinfo: str) -> tuple[tuple[str, str], ...]:
    mounts: list[tuple[str, str]] = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        place, kind = before.split(" "), after.split(" ")
        if separator and len(place) > 4 and len(kind) > 2:  # noqa: PLR2004 -- columns of proc(5)
            # Windows drives inside WSL2 come as 9p; other 9p mounts hold write-ahead logs well.
            name = "drvfs" if kind[0] == "9p" and "drvfs" in after else kind[0]
            mounts.append((_unescaped(place[4]), name))
    return tuple(mounts)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _mac_mounts(listing: str) -> tuple[tuple[str, str], ...]:
    found = (_MAC_MOUNT.match(line) for line in listing.splitlines())
    return tuple((mount["place"], mount["type"]) for mount in found if mount)


def _system_id() -> str:
    if sys.platform == "darwin":
        listing = _output_of("/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice")
        named = re.search(r'"IOPlatformUUID" = "([^"]+)"', listing)
        return named[1] if named else ""
    texts = (_text_of(path).strip() for path in _ID_FILES)
    return next((text for text in texts if _SYSTEM_ID.fullmatch(text)), "")


def _kept_id() -> str:
    path = home_folder() / ".mesh" / ".machine-id"
    if not path.exists():
        make_private_folder(path.parent)
        write_atomically(path, secrets.token_hex(16).encode() + b"\n")
    return read_secret(path)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _output_of(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- fixed commands, no shell
            command, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
