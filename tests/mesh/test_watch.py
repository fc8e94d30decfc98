"""Changes of config.json are noticed, however they are made."""

import asyncio
import json
import os
from contextlib import aclosing, asynccontextmanager

import pytest

from meshbot_core.errors import ConfigError
from meshbot_core.mesh import watch
from meshbot_core.mesh.config import MeshConfig, change_config, load_config
from meshbot_core.mesh.peers import with_peer
from meshbot_core.mesh.watch import config_changes


@asynccontextmanager
async def changes_of(paths, known=None):
    async with aclosing(config_changes(paths, known=known)) as changes, asyncio.timeout(10):
        yield changes


def add(paths, name):
    change_config(paths, lambda config: with_peer(config, name, "h:1"))


async def test_a_change_is_noticed_and_what_says_the_same_is_not(mesh_paths):
    before = load_config(mesh_paths)
    async with changes_of(mesh_paths, before) as changes:
        add(mesh_paths, "dev")
        assert tuple((await anext(changes)).peers) == ("dev",)

        document = json.loads(mesh_paths.config.read_bytes())
        mesh_paths.config.write_text(json.dumps(document, indent=8))
        add(mesh_paths, "ops")
        assert tuple((await anext(changes)).peers) == ("dev", "ops")


async def test_a_change_made_before_the_watch_stands_is_not_missed(mesh_paths):
    before = load_config(mesh_paths)
    add(mesh_paths, "dev")

    async with changes_of(mesh_paths, before) as changes:
        assert tuple((await anext(changes)).peers) == ("dev",)


async def test_without_something_known_the_first_change_after_the_start_is_yielded(mesh_paths):
    async with changes_of(mesh_paths) as changes, asyncio.TaskGroup() as tasks:
        noticed = tasks.create_task(anext(changes))
        await asyncio.sleep(0)  # one turn of the loop: the first look is taken
        add(mesh_paths, "dev")
        assert tuple((await noticed).peers) == ("dev",)


async def test_decision_21_damage_is_told_once_and_what_was_good_comes_back(mesh_paths):
    before = load_config(mesh_paths)
    good = mesh_paths.config.read_bytes()
    async with changes_of(mesh_paths, before) as changes:
        for _ in range(2):
            mesh_paths.config.write_bytes(b'{"mesh": ')
            os.utime(mesh_paths.config, (1_700_000_000, 1_700_000_000))
        damaged = await anext(changes)
        assert isinstance(damaged, ConfigError)
        assert str(damaged).startswith(f"{mesh_paths.config}:1:")

        mesh_paths.config.write_bytes(good)
        assert await anext(changes) == before


async def test_decision_21_half_a_file_is_waited_for_not_told(mesh_paths):
    before = load_config(mesh_paths)
    whole = json.dumps({"mesh": "default", "peers": {"dev": {"url": "http://h:1"}}}).encode()
    async with changes_of(mesh_paths, before) as changes, asyncio.TaskGroup() as tasks:
        with mesh_paths.config.open("wb", buffering=0) as file:
            file.write(whole[:30])
            noticed = tasks.create_task(anext(changes))
            await asyncio.sleep(0.1)  # the writer's own pace: this pause is the thing tested
            file.write(whole[30:])

        assert isinstance(await noticed, MeshConfig)
        assert tuple(noticed.result().peers) == ("dev",)


@pytest.mark.parametrize("error", [OSError(28, "no watches left"), RuntimeError("broken")])
async def test_without_watches_a_look_each_second_is_enough(mesh_paths, monkeypatch, error):
    async def no_watches(*args, **options):
        raise error
        yield

    monkeypatch.setattr(watch, "awatch", no_watches)
    monkeypatch.setattr(watch, "_LOOK_EVERY_S", 0.02)
    before = load_config(mesh_paths)
    async with changes_of(mesh_paths, before) as changes, asyncio.TaskGroup() as tasks:
        noticed = tasks.create_task(anext(changes))
        await asyncio.to_thread(add, mesh_paths, "dev")

        assert tuple((await noticed).peers) == ("dev",)


async def test_a_folder_that_vanishes_and_comes_back_is_noticed(mesh_paths, monkeypatch):
    monkeypatch.setattr(watch, "_LOOK_EVERY_S", 0.05)
    before = load_config(mesh_paths)
    good = mesh_paths.config.read_bytes()
    away = mesh_paths.folder.with_name("away")
    async with changes_of(mesh_paths, before) as changes:
        mesh_paths.folder.rename(away)
        assert isinstance(await anext(changes), ConfigError)

        mesh_paths.folder.mkdir()
        mesh_paths.config.write_bytes(good)
        assert await anext(changes) == before


async def test_a_watch_that_is_given_up_ends_at_once(mesh_paths):
    async with asyncio.timeout(1), changes_of(mesh_paths) as changes:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):  # long enough to be inside the watch
                await anext(changes)
