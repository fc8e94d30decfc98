"""The messages pane, kept up with the journals of a real mesh."""

from collections.abc import Callable, Coroutine
from functools import partial

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.types import SystemClock
from meshbot_tui.connections.journals import Journals
from meshbot_tui.screens.talk import Talk
from meshbot_tui.widgets.messages import MessageList, MessagesPane
from tests.mailbox.support import draft
from tests.support.waiting import until
from tests.tui.showing import Showing, text_of

LIMIT_S = 20.0


class Stage(Showing):
    """A pane whose rows come out of the journals."""

    talk: Talk | None = None

    def on_message_list_rows_wanted(self, event: MessageList.RowsWanted) -> None:
        if (talk := self.talk) is not None:
            self.begin(lambda: talk.fill(event.keys))

    def begin(self, deed: Callable[[], Coroutine[None, None, None]]) -> object:
        return self.run_worker(deed(), exit_on_error=False)


async def said(mesh: MeshPaths, name: str, text: str, state: str) -> None:
    agent = mesh.agent(name)
    agent.folder.mkdir(parents=True, exist_ok=True)
    async with Mailbox.opened(
        agent.mailbox, agent=name, machine_id="here", clock=SystemClock()
    ) as box:
        sent = await box.enqueue(draft(text, id=text, to="far"))
        if state != "queued":
            await box.finish(sent.seq, state)


async def test_who_has_a_forgotten_agent_s_name_is_shown_with_its_own_words(mesh_paths: MeshPaths):
    await said(mesh_paths, "dev", "old-words", "delivered")
    pane = MessagesPane()
    app = Stage(pane)
    async with app.run_test(size=(100, 12)), Journals.opened(mesh_paths, ["dev"]) as journals:
        talk = app.talk = Talk(pane, journals, app.begin)  # type: ignore[arg-type]
        app.begin(partial(talk.run, ""))
        await until(lambda: "old-words" in text_of(app), LIMIT_S)
        mesh_paths.agent("dev").folder.rename(mesh_paths.folder / "aside")
        talk.forgotten("dev")
        await until(lambda: "Nobody has said anything yet" in text_of(app), LIMIT_S)

        app.talk = None  # what is asked for comes late
        await said(mesh_paths, "dev", "new-words", "failed")
        talk.changed("dev")
        await until(lambda: "1 message" in text_of(app), LIMIT_S)
        assert "old-words" not in text_of(app)
        await talk.fill((("dev", 1),))
        await until(lambda: "new-words" in text_of(app), LIMIT_S)
        assert "failed" in text_of(app)
        app.workers.cancel_all()
