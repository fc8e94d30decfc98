"""Atomic writing, and secrets that are private from their first byte."""

import os
import stat
import threading
from contextlib import contextmanager

import pytest

from meshbot_core.errors import KeyFileError, StorageError
from meshbot_core.mesh.files import make_private_folder, read_secret, write_atomically
from meshbot_core.mesh.keys import MeshKey, create_mesh_key, read_mesh_key


@contextmanager
def umask(mask):
    previous = os.umask(mask)
    try:
        yield
    finally:
        os.umask(previous)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_mode_is_what_was_asked_for_under_any_umask(tmp_path, mask, mode):
    with umask(mask):
        write_atomically(tmp_path / "file", b"x", mode=mode)

    assert mode_of(tmp_path / "file") == mode


def test_a_secret_is_private_from_its_first_byte_under_umask_zero(tmp_path, monkeypatch):
    seen = []
    real = os.open

    def watched(path, flags, mode=0o777, **more):
        descriptor = real(path, flags, mode, **more)
        if flags & os.O_CREAT:
            seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    with umask(0):
        write_atomically(tmp_path / "secret", b"x")

    assert seen == [0o600]


def test_no_reader_ever_sees_half_a_file(tmp_path):
    path = tmp_path / "file"
    texts = [letter * 100_000 for letter in (b"a", b"b")]
    write_atomically(path, texts[0])
    seen = set()
    done = threading.Event()

    def read():
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        write_atomically(path, texts[turn % 2])
    done.set()
    reader.join()

    assert seen <= set(texts)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    write_atomically(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_link_is_followed_not_replaced(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    write_atomically(tmp_path / "link", b"new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_folder_that_cannot_be_written_to_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot be written"):
        write_atomically(tmp_path / "nowhere" / "file", b"x")
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError):
            make_private_folder(place)


def test_folders_are_private_under_umask_zero(tmp_path):
    with umask(0):
        make_private_folder(tmp_path / "a" / "b")

    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "a" / "b") == 0o700


def test_a_key_is_made_once_and_read_back(home, mesh_paths):
    with umask(0):
        mesh_paths.key.unlink()
        key = create_mesh_key(mesh_paths)

    assert mode_of(mesh_paths.key) == 0o600
    assert len(key.bytes) == 44
    assert read_mesh_key(mesh_paths) == key
    with pytest.raises(KeyFileError, match="a key already"):
        create_mesh_key(mesh_paths)


@pytest.mark.parametrize("text", ["{}", "{}\n", "  {}\r\n\n"])
def test_white_space_around_a_key_does_not_count(mesh_paths, text):
    mesh_paths.key.write_text(text.format("c29tZSBrZXk="))

    assert read_mesh_key(mesh_paths) == MeshKey("c29tZSBrZXk=")


@pytest.mark.parametrize("data", [b"", b"\n", b"a\nb", b"a\0b", b"\xff\xfe", "ключ".encode()])
def test_a_damaged_key_is_refused_without_being_shown(mesh_paths, data):
    mesh_paths.key.write_bytes(data)

    with pytest.raises(KeyFileError, match=r"mesh\.key: expected"):
        read_mesh_key(mesh_paths)


def test_a_missing_or_foreign_key_says_so(mesh_paths, monkeypatch, tmp_path):
    with pytest.raises(KeyFileError, match="no such file"):
        read_secret(tmp_path / "nothing")
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_secret(tmp_path)
    mine = mesh_paths.key.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    if mine == 0:
        os.chown(mesh_paths.key, 12_345, -1)
        mine = 12_345
    with pytest.raises(KeyFileError, match=f"belongs to user {mine}, expected 54321"):
        read_mesh_key(mesh_paths)


def test_a_key_never_shows_itself():
    key = MeshKey("super-secret")

    assert "super-secret" not in f"{key} {key!r} {[key]}"
