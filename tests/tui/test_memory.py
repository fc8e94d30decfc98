"""What the console remembers, and when it writes that."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.app.keeping import Keeper
from meshbot_tui.connections.memory import (
    MAX_FORMS,
    MAX_IGNORED,
    Memory,
    Remembered,
    StartForm,
)


@dataclass
class Timer:
    call: Callable[[], None]
    is_stopped: bool = False

    def stop(self) -> None:
        self.is_stopped = True


@dataclass
class Later:
    """Timers that go off when the test says so."""

    timers: list[Timer] = field(default_factory=list)

    def __call__(self, _delay_s: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(call))
        return self.timers[-1]

    def passes(self) -> int:
        """How many went off."""
        due = [timer for timer in self.timers if not timer.is_stopped]
        self.timers.clear()
        for timer in due:
            timer.call()
        return len(due)


def keeper(mesh: MeshPaths) -> tuple[Keeper, Later]:
    later = Later()
    return Keeper(Memory(mesh), later), later  # type: ignore[arg-type]


def test_a_search_that_is_typed_is_written_once(mesh_paths: MeshPaths):
    kept, later = keeper(mesh_paths)
    for end in range(1, 20):
        kept.keep(Remembered(filter="a long word that is typed"[:end]))
        assert not kept.memory.path.exists()
    assert later.passes() == 1
    assert Memory(mesh_paths).read().filter == "a long word that is"[:19]
    kept.keep(kept.remembered)
    assert later.passes() == 0


def test_what_was_kept_last_is_written_when_the_console_ends(mesh_paths: MeshPaths):
    kept, later = keeper(mesh_paths)
    kept.flush()
    assert not kept.memory.path.exists()
    kept.keep(Remembered(chosen="dev"))
    kept.flush()
    assert Memory(mesh_paths).read().chosen == "dev"
    assert later.passes() == 0


def test_of_two_consoles_neither_forgets_what_the_other_kept(mesh_paths: MeshPaths):
    first = Remembered(theme="dark", filter="old").with_form(StartForm(name="dev", folder="/dev"))
    Memory(mesh_paths).write(first.with_ignored("dev", "q0"))
    one, later_one = keeper(mesh_paths)
    other, later_other = keeper(mesh_paths)
    one.keep(one.remembered.with_ignored("dev", "q1"))
    one.keep(one.remembered.with_form(StartForm(name="ops", folder="/ops")))
    one.keep(one.remembered.model_copy(update={"view": "grid", "filter": "here"}))
    later_one.passes()
    other.keep(other.remembered.with_ignored("dev", "q2"))
    other.keep(other.remembered.with_form(StartForm(name="dev", folder="/new"), last_form="dev"))
    other.keep(other.remembered.model_copy(update={"theme": "light"}))
    later_other.passes()

    found = Memory(mesh_paths).read()
    assert found.ignored == (("dev", "q0"), ("dev", "q1"), ("dev", "q2"))
    assert {name: form.folder for name, form in found.forms.items()} == {
        "dev": "/new",
        "ops": "/ops",
    }
    assert (found.theme, found.view, found.filter, found.last_form) == (
        "light", "grid", "here", "ops",
    )  # fmt: skip
    # What one starts and puts aside is the other's too, but not what one looks at.
    assert (other.remembered.ignored, other.remembered.forms) == (found.ignored, found.forms)
    assert (other.remembered.view, other.remembered.filter) == ("terminal", "old")
    other.keep(other.remembered.model_copy(update={"view": "health"}))
    later_other.passes()
    assert Memory(mesh_paths).read() == found.model_copy(update={"view": "health"})


def test_what_was_deleted_is_written_whole(mesh_paths: MeshPaths):
    Memory(mesh_paths).write(Remembered(theme="dark"))
    kept, later = keeper(mesh_paths)
    kept.memory.path.unlink()
    kept.keep(kept.remembered.model_copy(update={"view": "grid"}))
    later.passes()
    assert Memory(mesh_paths).read() == Remembered(theme="dark", view="grid")


def test_what_is_kept_is_for_its_user_alone_and_bounded(mesh_paths: MeshPaths):
    kept = Remembered()
    for number in range(MAX_FORMS + 5):
        kept = kept.with_form(StartForm(name=f"agent-{number}"))
    kept = kept.with_form(StartForm(name="agent-50", folder="/new"))
    for number in range(MAX_IGNORED + 5):
        kept = kept.with_ignored("dev", f"q{number}")
    memory = Memory(mesh_paths)
    memory.write(kept)

    assert memory.path.stat().st_mode & 0o077 == 0
    found = memory.read()
    assert (len(found.forms), len(found.ignored)) == (MAX_FORMS, MAX_IGNORED)
    assert (found.last_form, found.forms["agent-50"].folder) == ("agent-50", "/new")
    assert "agent-4" not in found.forms
    assert found.ignored[-1] == ("dev", f"q{MAX_IGNORED + 4}")


def test_what_a_newer_console_wrote_is_read_as_far_as_it_is_known(mesh_paths: MeshPaths):
    memory = Memory(mesh_paths)
    memory.path.write_text(json.dumps({"chosen": "dev", "map": {"x": 1}, "forms": {}}))
    assert memory.read() == Remembered(chosen="dev")


def test_a_folder_that_cannot_be_written_keeps_no_console_from_running(mesh_paths: MeshPaths):
    memory = Memory(mesh_paths)
    memory.path.mkdir()
    memory.write(Remembered(chosen="dev"))
    assert memory.read() == Remembered()
