"""The bell and the desktop: once for each agent that begins to wait."""

from dataclasses import dataclass, field

from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.picture import Picture, Severity
from meshbot_tui.screens.attention import Attention
from tests.tui.scene import session, status
from tests.tui.showing import command


@dataclass
class Heard:
    """Notes what is rung and shown."""

    bells: int = 0
    notices: list[str] = field(default_factory=list)
    told: list[tuple[str, Severity, str]] = field(default_factory=list)

    def bell(self) -> None:
        self.bells += 1

    def desktop_notice(self, text: str) -> None:
        self.notices.append(text)

    def tell(self, text: str, severity: Severity = "note", agent: str = "") -> None:
        self.told.append((text, severity, agent))


def working(*names: str) -> Picture:
    picture = Picture()
    for stamp, name in enumerate(names, 1):
        seen = events.HostSeen(name, status(name, session("working", since_s=1)), stamp)
        picture = apply(picture, seen)
    return picture


def test_who_begins_to_wait_rings_once_however_much_it_wants():
    heard = Heard()
    attention, quiet = Attention(heard), working("dev", "web")
    one = apply(quiet, events.ApprovalRaised(command(agent="dev", approval_id="a1"), 10))
    attention.look(quiet, one)
    assert heard.notices == ["dev waits for you"]
    more = apply(one, events.ApprovalRaised(command(agent="dev", approval_id="a2"), 11))
    attention.look(one, more)
    attention.look(more, more)
    assert heard.bells == 1


def test_several_at_once_are_told_in_one():
    heard = Heard()
    quiet = working("dev", "web")
    both = quiet
    for name in ("web", "dev"):
        both = apply(both, events.ApprovalRaised(command(agent=name, approval_id=name), 10))
    Attention(heard).look(quiet, both)
    assert heard.notices == ["dev, web wait for you"]
    assert heard.bells == 1


def test_who_fell_rings_and_stays_to_be_read():
    heard = Heard()
    before = working("dev")
    over = session("crashed", since_s=1, reason="it ended with status 3", is_over=True)
    after = apply(before, events.HostSeen("dev", status("dev", over), 9))
    Attention(heard).look(before, after)
    assert heard.bells == 1
    assert [(severity, agent) for _, severity, agent in heard.told] == [("error", "dev")]
    assert heard.notices[0].startswith("dev: ")
