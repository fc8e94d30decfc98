"""What machine this is, and where a mailbox may lie."""

import os
import stat
from pathlib import Path

import pytest

from meshbot_core.errors import UnsupportedPlatformError
from meshbot_core.mesh import machine
from meshbot_core.mesh.machine import (
    ensure_supported_platform,
    filesystem_type,
    is_network_filesystem,
    machine_id,
)

MOUNTINFO = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/local rw - xfs /dev/sdb rw
32 22 0:30 / /mnt/my\040share rw - cifs //server/share rw
33 22 0:31 / /mnt/c rw,noatime - 9p C:\134 rw,aname=drvfs;path=C:\;uid=1000
34 22 0:32 / /box rw - 9p none rw,trans=fd
35 22 0:33 / /mnt/ssh rw master:1 shared:2 - fuse.sshfs host: rw
36 22 0:34 / /over rw - nfs server:/x rw
37 36 0:35 / /over rw - tmpfs tmpfs rw
nonsense
"""
MAC_MOUNTS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//user@server/share on /Volumes/My Share (smbfs, nodev, nosuid)
map auto_home on /home (autofs, automounted, nobrowse)
server:/x on /Volumes/x (nfs)
"""


def test_decision_22_the_machine_s_id_stays_the_same_and_tells_nothing():
    first, second = machine_id(), machine_id()

    assert first == second
    assert len(first) == 32
    assert all(not text or text not in first for text in (machine._system_id(),))


def test_decision_22_another_machine_or_user_has_another_id(monkeypatch):
    ids = {machine_id()}
    monkeypatch.setattr(machine, "_system_id", lambda: "0" * 32)
    ids.add(machine_id())
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    ids.add(machine_id())

    assert len(ids) == 3


def test_decision_22_a_machine_without_an_id_keeps_one_of_ours(monkeypatch, home, tmp_path):
    (tmp_path / "uninitialized").write_text("uninitialized\n")
    monkeypatch.setattr(machine, "_ID_FILES", (tmp_path / "none", tmp_path / "uninitialized"))
    monkeypatch.setattr("sys.platform", "linux")

    first = machine_id()

    kept = home / ".mesh/.machine-id"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert machine_id() == first
    kept.unlink()
    assert machine_id() != first


@pytest.mark.parametrize("platform", ["win32", "cygwin", "freebsd14", "emscripten"])
def test_decision_27_other_systems_are_refused_plainly(platform):
    with pytest.raises(UnsupportedPlatformError, match="Linux and macOS") as refused:
        ensure_supported_platform(platform)

    assert "WSL2" in refused.value.hint


def test_decision_27_linux_and_macos_are_supported():
    for platform in ("linux", "darwin"):
        ensure_supported_platform(platform)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home/me/.mesh", "nfs4"),
        ("/homestead", "ext4"),
        ("/home/local/me", "xfs"),
        ("/mnt/my share/x", "cifs"),
        ("/mnt/c/Users/me", "drvfs"),
        ("/box/home", "9p"),
        ("/mnt/ssh", "fuse.sshfs"),
        ("/over/x", "tmpfs"),
    ],
)
def test_decision_27_the_mount_that_holds_a_path_is_found_on_linux(place, kind):
    assert filesystem_type(place, machine._linux_mounts(MOUNTINFO)) == kind


@pytest.mark.parametrize(
    ("place", "kind"),
    [("/Users/me", "apfs"), ("/Volumes/My Share/x", "smbfs"), ("/Volumes/x", "nfs")],
)
def test_decision_27_the_mount_that_holds_a_path_is_found_on_macos(place, kind):
    assert filesystem_type(place, machine._mac_mounts(MAC_MOUNTS)) == kind


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        *((kind, True) for kind in ("nfs4", "cifs", "smbfs", "drvfs", "fuse.sshfs")),
        *((kind, False) for kind in ("ext4", "xfs", "tmpfs", "overlay", "apfs", "9p", "")),
    ],
)
def test_decision_27_network_file_systems_are_told_from_local_ones(monkeypatch, kind, refused):
    monkeypatch.setattr(machine, "filesystem_type", lambda place, mounts: kind)

    assert is_network_filesystem(Path("/anywhere")) is refused


def test_decision_27_a_path_that_does_not_exist_yet_and_a_link_are_judged_too(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)

    assert not is_network_filesystem(tmp_path / "link" / "not" / "there")


def test_commands_that_are_missing_or_fail_give_nothing():
    assert machine._output_of("/nowhere/at/all") == ""
    assert machine._output_of("/bin/sh", "-c", "exit 3") == ""
