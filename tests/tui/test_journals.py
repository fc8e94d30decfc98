"""All journals of this machine as one list, read beside the hosts."""

import contextlib
import sqlite3
from random import Random

import pytest

from meshbot_core.mailbox.browsing import MailboxBrowser
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.types import SystemClock
from meshbot_tui.connections.journals import Journals
from meshbot_tui.model.filters import Filter, parsed
from meshbot_tui.model.journal import JournalIndex, Stand
from tests.mailbox.support import draft, reader, receive, wire
from tests.support.waiting import until

NAMES = ("dev", "ops", "web")


@pytest.fixture
async def mesh(mesh_paths: MeshPaths) -> MeshPaths:
    """A mesh on which these agents have empty mailboxes."""
    for name in NAMES:
        agent = mesh_paths.agent(name)
        agent.folder.mkdir(parents=True)
        async with opened(mesh_paths, name):
            pass
    return mesh_paths


def opened(mesh: MeshPaths, name: str):
    agent = mesh.agent(name)
    return Mailbox.opened(agent.mailbox, agent=name, machine_id="here", clock=SystemClock())


async def exchanged(mesh: MeshPaths, sender: str, to: str, text: str, message_id: str) -> None:
    """A message that both mailboxes have."""
    async with opened(mesh, sender) as box:
        sent = await box.enqueue(draft(text, id=message_id, to=to))
        await box.finish(sent.seq, "delivered")
    async with opened(mesh, to) as box:
        await receive(box, wire(text, id=message_id, sender=sender, to=to))


async def rows_of(journals: Journals, index: JournalIndex):
    return await journals.rows([index.key_at(place) for place in range(len(index))])


async def test_a_message_between_two_local_agents_is_one_row_with_both_states(mesh) -> None:
    await exchanged(mesh, "dev", "ops", "hello", "m1")
    async with Journals.opened(mesh, NAMES) as journals:
        index = await journals.index()
        [row] = await rows_of(journals, index)
        assert (row.sender, row.to, row.text) == ("dev", "ops", "hello")
        assert (row.key[0], row.state, row.read_state) == ("dev", "delivered", "new")

        async with opened(mesh, "ops") as box:
            lease = await box.lease(reader())
            await box.acknowledge([lease.lease_id])
        [row] = await rows_of(journals, await journals.changed(["ops"]))
        assert row.read_state == "read"


async def test_a_message_from_elsewhere_stands_where_it_came(mesh) -> None:
    async with opened(mesh, "ops") as box:
        await receive(box, wire("from afar", id="m1", sender="far", to="ops"))
    async with Journals.opened(mesh, NAMES) as journals:
        [row] = await rows_of(journals, await journals.index())
        assert (row.sender, row.to, row.state, row.read_state) == ("far", "ops", "received", "new")


async def test_which_journal_is_read_first_makes_no_difference(mesh) -> None:
    for number in range(6):
        sender, to = Random(number).sample(NAMES, 2)  # noqa: S311 - no secret
        await exchanged(mesh, sender, to, f"text {number}", f"m{number}")
    async with Journals.opened(mesh, NAMES) as journals:
        fresh = await journals.index()
    assert len(fresh) == 6
    for order in (NAMES, NAMES[::-1], ("ops", "dev", "web")):
        async with Journals.opened(mesh, ()) as journals:
            for name in order:
                index = await journals.changed([name])
            assert index.stands == fresh.stands


async def test_what_comes_later_is_added_and_the_newest_are_there_at_once(mesh) -> None:
    await exchanged(mesh, "dev", "ops", "one", "m1")
    async with Journals.opened(mesh, NAMES) as journals:
        assert len(await journals.newest()) == 1
        assert len(await journals.index()) == 1
        await exchanged(mesh, "ops", "web", "two", "m2")
        index = await journals.changed(["ops", "web"])
        assert [row.text for row in await rows_of(journals, index)] == ["one", "two"]
        assert index.position_of(index.key_at(1)) == 1
        assert index.position_of(("nobody", 7)) is None


async def test_rows_that_were_removed_and_another_file_are_no_rows_any_more(mesh) -> None:
    for number in range(3):
        await exchanged(mesh, "dev", "ops", f"text {number}", f"m{number}")
    async with Journals.opened(mesh, NAMES) as journals:
        assert len(await journals.index()) == 3
        with sqlite3.connect(mesh.agent("dev").mailbox) as connection:
            connection.execute("DELETE FROM messages WHERE id IN ('m0', 'm1')")
        index = await journals.changed(["dev"])
        # What its sender has forgotten its receiver still has.
        assert [stand.agent for stand in index.stands] == ["ops", "ops", "dev"]
        mesh.agent("ops").mailbox.unlink()
        assert len(await journals.changed(["ops"])) == 3
        async with opened(mesh, "ops"):
            pass
        assert len(await journals.changed(["ops"])) == 1


async def test_a_mailbox_that_cannot_be_read_does_not_hide_the_others(mesh) -> None:
    await exchanged(mesh, "dev", "web", "hello", "m1")
    mesh.agent("ops").mailbox.write_bytes(b"this is no database" * 100)
    async with Journals.opened(mesh, NAMES) as journals:
        index = await journals.index()
        assert len(index) == 1
        assert await journals.search("hello") == {index.key_at(0), ("web", 1)}
        assert await journals.rows([("ops", 1)]) == ()
        assert await journals.whole(("ops", 1)) == ""


async def test_texts_are_found_wherever_they_stand_and_as_they_are_typed(mesh) -> None:
    texts = ("100 % sure", "a_b and C++", "漢字 in the middle", 'say "foo"')
    for number, text in enumerate(texts):
        await exchanged(mesh, "dev", "ops", text, f"m{number}")
    async with Journals.opened(mesh, NAMES) as journals:
        index = await journals.index()
        for number, wanted in enumerate(("0 % s", "_b AND c+", "字", '"foo"')):
            found = index.filtered(keys=await journals.search(wanted))
            assert [index.position_of(found.key_at(0)), len(found)] == [number, 1]
        assert len(index.filtered(keys=await journals.search("nothing"))) == 0


async def test_what_is_wrong_with_a_mailbox_is_told_once_and_the_others_are_shown(mesh) -> None:
    await exchanged(mesh, "dev", "web", "hello", "m1")
    ops, web = (mesh.agent(name).mailbox for name in ("ops", "web"))
    ops.write_bytes(b"this is no database" * 100)
    told: list[tuple[str, str]] = []

    def noticed(agent: str, text: str) -> None:
        told.append((agent, text))

    async with Journals.opened(mesh, (*NAMES, "never-ran"), noticed=noticed) as journals:
        with contextlib.closing(sqlite3.connect(web, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            for index in (await journals.index(), await journals.changed(NAMES)):
                [row] = await rows_of(journals, index)
                assert (row.text, row.state, row.read_state) == ("hello", "delivered", "")
            other.execute("ROLLBACK")
        await until(lambda: len(told) == 2)
        assert [agent for agent, _ in told] == ["ops", "web"]
        assert ("not a database" in told[0][1], "locked" in told[1][1]) == (True, True)
        [row] = await rows_of(journals, await journals.changed(["web"]))
        assert row.read_state == "new"
        ops.unlink()
        await exchanged(mesh, "ops", "web", "back again", "m2")
        assert len(await journals.changed(["ops"])) == 2


async def test_retention_is_seen_wherever_it_removes(mesh) -> None:
    for number in range(5):
        await exchanged(mesh, "dev", "far", f"text {number}", f"m{number}")
    async with Journals.opened(mesh, NAMES) as journals:
        first = await journals.index()
        with contextlib.closing(sqlite3.connect(mesh.agent("dev").mailbox)) as other:
            other.execute("DELETE FROM messages WHERE seq IN (2, 3)")
            other.commit()
        await exchanged(mesh, "dev", "far", "text 5", "m5")
        index = await journals.changed(["dev"])
        assert [stand.seq for stand in index.stands] == [1, 4, 5, 6]
        assert [row.key for row in await journals.rows([first.key_at(1)])] == []


async def test_messages_to_oneself_and_to_all_and_equal_ids_are_each_one_row(mesh) -> None:
    await exchanged(mesh, "dev", "dev", "to myself", "m1")
    await exchanged(mesh, "dev", "ops", "to all", "m2")
    await exchanged(mesh, "dev", "web", "to all", "m2")
    await exchanged(mesh, "web", "ops", "the same id", "m2")
    async with Journals.opened(mesh, NAMES) as journals:
        rows = await rows_of(journals, await journals.index())
        assert {(row.sender, row.to, row.read_state) for row in rows} == {
            ("dev", "dev", "new"), ("dev", "ops", "new"), ("dev", "web", "new"),
            ("web", "ops", "new"),
        }  # fmt: skip
        assert len(rows) == 4


async def test_an_agent_that_is_forgotten_leaves_what_others_have_of_it(mesh) -> None:
    await exchanged(mesh, "dev", "ops", "for ops", "m1")
    await exchanged(mesh, "dev", "far", "for nobody here", "m2")
    async with Journals.opened(mesh, NAMES) as journals:
        assert len(await journals.index()) == 2
        index = await journals.remove_agent("dev")
        [row] = await rows_of(journals, index)
        assert (row.key[0], row.sender, row.state) == ("ops", "dev", "received")
        journals.add_agent("dev")
        assert len(await journals.changed(["dev"])) == 2


async def test_an_agent_that_is_forgotten_while_rows_are_read_takes_none_away(
    mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exchanged(mesh, "dev", "ops", "one", "m1")
    await exchanged(mesh, "dev", "web", "another", "m2")
    async with Journals.opened(mesh, NAMES) as journals:
        index = await journals.index()
        there, received = journals._journals, MailboxBrowser.received

        def forgetting(self: MailboxBrowser, ids: list[str]) -> dict[tuple[str, str], str]:
            journals._journals = {"dev": there["dev"]}
            return received(self, ids)

        monkeypatch.setattr(MailboxBrowser, "received", forgetting)
        rows = await rows_of(journals, index)
        assert {(row.text, row.read_state) for row in rows} == {("one", "new"), ("another", "new")}
        journals._journals = there


async def test_a_question_to_another_machine_has_its_answers_in_the_thread(mesh) -> None:
    async with opened(mesh, "dev") as box:
        await box.enqueue(draft("may I?", id="q", to="far", kind="ask"))
        for text in ("yes", "or rather no"):
            answer = wire(
                text, id=text, sender="far", to="dev", kind="response", reply_to="q"
            )  # fmt: skip
            await receive(box, answer)
    async with Journals.opened(mesh, NAMES) as journals:
        for each in ("q", "yes"):
            assert [row.text for row in await journals.thread(each)] == [
                "may I?", "yes", "or rather no"
            ]  # fmt: skip


async def test_a_thread_is_a_question_and_all_its_answers(mesh) -> None:
    async with opened(mesh, "dev") as box:
        await box.enqueue(draft("may I?", id="q", to="ops", kind="ask"))
    async with opened(mesh, "ops") as box:
        await receive(box, wire("may I?", id="q", sender="dev", to="ops", kind="ask"))
        await box.enqueue(draft("yes", id="a", to="dev", kind="response", reply_to="q"))
    await exchanged(mesh, "dev", "web", "something else", "m")
    async with Journals.opened(mesh, NAMES) as journals:
        for each in ("q", "a"):
            assert [row.text for row in await journals.thread(each)] == ["may I?", "yes"]


async def test_a_long_text_is_cut_in_the_list_and_whole_when_asked_for(mesh) -> None:
    await exchanged(mesh, "dev", "ops", "x" * 100_000, "m")
    async with Journals.opened(mesh, NAMES) as journals:
        index = await journals.index()
        [row] = await rows_of(journals, index)
        assert (len(row.text), row.size) == (500, 100_000)
        assert len(await journals.whole(row.key)) == 100_000


def test_messages_are_chosen_by_agent_pair_and_kind() -> None:
    stands = [
        Stand(at, "dev", at, sender, to, kind)
        for at, (sender, to, kind) in enumerate(
            (("dev", "ops", "ask"), ("ops", "dev", "response"), ("dev", "web", "message"))
        )
    ]
    index = JournalIndex.of(stands)
    assert len(index.filtered(agent="ops")) == 2
    assert len(index.filtered(pair=("ops", "dev"))) == 1
    assert len(index.filtered(kind="message", agent="dev")) == 1
    assert len(index.filtered(agent="nobody")) == 0
    assert len(index.filtered(keys={("dev", 0), ("dev", 99)})) == 1


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", Filter()),
        ("@dev", Filter(agent="dev")),
        ("@dev>ops build 7", Filter(pair=("dev", "ops"), text="build 7")),
        ("kind:ask  canary", Filter(kind="ask", text="canary")),
        ("kind:nonsense", Filter(text="kind:nonsense")),
        ("@", Filter(text="@")),
        ("@>x", Filter()),
    ],
)
def test_a_filter_is_read_from_one_line(line: str, wanted: Filter) -> None:
    assert parsed(line) == wanted
