"""The line in which a person writes to agents."""

import pytest

from meshbot_tui.model.compose import Draft, DraftError, completed, parsed
from meshbot_tui.widgets import compose
from meshbot_tui.widgets.compose import Compose
from tests.tui.desk import Desk, at_desk, taken, typed

NAMES = ("dev", "web", "docs")


@pytest.mark.parametrize(
    ("line", "draft"),
    [
        ("@dev the build is green", Draft("send", "dev", "the build is green")),
        ("  @dev   spaces  between ", Draft("send", "dev", "spaces  between")),
        ("?dev ready?", Draft("ask", "dev", "ready?")),
        ("@all lunch", Draft("broadcast", "all", "lunch")),
        ("?all ready?", Draft("ask", "all", "ready?")),
        ("!ab12 yes", Draft("answer", "ab12", "yes")),
        ("@dev @web is down", Draft("send", "dev", "@web is down")),
        ("@dév 漢字", Draft("send", "dév", "漢字")),
    ],
)
def test_a_line_says_to_whom_and_how(line: str, draft: Draft):
    assert parsed(line) == draft


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("hello", "begin with @NAME"),
        ("", "begin with @NAME"),
        ("@", "a name belongs right behind @"),
        ("? what", "a name belongs right behind ?"),
        ("@dev", "what is @dev to be told?"),
        ("!ab12   ", "what is !ab12 to be told?"),
    ],
)
def test_a_line_that_says_nothing_tells_what_to_type(line: str, says: str):
    with pytest.raises(DraftError, match=says.replace("?", r"\?")):
        parsed(line)


@pytest.mark.parametrize(
    ("line", "turn", "text"),
    [
        ("@d", 0, "@dev "),
        ("@d", 1, "@docs "),
        ("@d", 2, "@dev "),
        ("@dev", 0, "@dev "),
        ("@", 3, "@all "),
        ("?", 3, "?dev "),
        ("?a", 0, None),
        ("!a", 0, "!ab12 "),
        ("!x", 0, None),
        ("@dev the", 0, None),
        ("d", 0, None),
        ("", 0, None),
    ],
)
def test_names_and_ids_are_completed_in_turn(line: str, turn: int, text: str | None):
    assert completed(line, NAMES, ("ab12", "ab34"), turn=turn) == text


@pytest.mark.parametrize("key", ["c", "@"])
async def test_what_is_typed_stands_behind_the_chosen_agents_name(key: str):
    async with at_desk() as (desk, _):
        desk.main.agents.choose("web")
        typed(desk, key, *"look")
        await taken(desk)
        assert desk.main.compose_line.value == "@web look"


@pytest.mark.parametrize("line", ["?dev ready?", "@all lunch", "!ab12 yes", "@dev @web is down"])
async def test_a_sign_that_is_typed_first_takes_the_place_of_what_was_put_in(line: str):
    async with at_desk() as (desk, _):
        desk.main.agents.choose("web")
        typed(desk, "c", *line)
        await taken(desk)
        assert desk.main.compose_line.value == line


async def test_a_sign_further_on_is_text():
    async with at_desk() as (desk, _):
        desk.main.agents.choose("web")
        typed(desk, "c", *"is @dev there?")
        await taken(desk)
        assert desk.main.compose_line.value == "@web is @dev there?"


async def test_without_an_agent_the_sign_alone_stands_there():
    async with at_desk() as (desk, _):
        desk.main.agents.chosen = None
        typed(desk, "@", *"nobody hi")
        await taken(desk)
        assert desk.main.compose_line.value == "@nobody hi"


async def test_return_says_it_and_empties_the_line():
    async with at_desk(Desk(kept=(Compose.Wanted,))) as (desk, _):
        desk.main.agents.choose("dev")
        typed(desk, "c", *"hello", "enter")
        await taken(desk)
        assert [said.draft for said in desk.said] == [Draft("send", "dev", "hello")]
        assert desk.main.compose_line.value == ""


async def test_what_cannot_be_said_stays_and_the_reason_is_told():
    async with at_desk(Desk(kept=(Compose.Refused, Compose.Wanted))) as (desk, _):
        desk.main.compose_line.begin("")
        await taken(desk)
        typed(desk, *"hello", "enter")
        await taken(desk)
        assert [type(said) for said in desk.said] == [Compose.Refused]
        assert desk.main.compose_line.value == "hello"


async def test_tab_goes_through_the_names_that_fit():
    async with at_desk() as (desk, _):
        line = desk.main.compose_line
        line.begin("")
        await taken(desk)
        typed(desk, *"@d", "tab")
        await taken(desk)
        assert line.value == "@docs "
        typed(desk, "ctrl+u", *"@d", "tab", "tab", *"hi")
        await taken(desk)
        assert line.value == "@dev hi"


async def test_what_was_said_comes_back_with_up_and_goes_with_down():
    async with at_desk() as (desk, _):
        desk.main.agents.choose("dev")
        typed(desk, "c", *"one", "enter", *"@dev two", "enter", "up")
        await taken(desk)
        line = desk.main.compose_line
        assert line.value == "@dev two"
        typed(desk, "up", "up")
        await taken(desk)
        assert line.value == "@dev one"
        typed(desk, "down", "down")
        await taken(desk)
        assert line.value == ""


async def test_what_was_begun_and_not_said_comes_back_with_up():
    async with at_desk() as (desk, _):
        desk.main.agents.choose("dev")
        typed(desk, "c", *"half a word", "escape")
        await taken(desk)
        desk.main.agents.choose("web")
        typed(desk, "c")
        await taken(desk)
        assert desk.main.compose_line.value == "@web "
        typed(desk, "up")
        await taken(desk)
        assert desk.main.compose_line.value == "@dev half a word"


def test_only_the_newest_lines_come_back():
    line = Compose()
    for number in range(compose.MAX_SAID + 50):
        line._said.append(f"@dev {number}")
    assert len(line._said) == compose.MAX_SAID


async def test_escape_leaves_and_the_line_keeps_what_is_in_it():
    async with at_desk() as (desk, _):
        desk.main.agents.choose("dev")
        typed(desk, "c", *"wait", "escape")
        await taken(desk)
        assert desk.focused is desk.main.agents
        assert desk.main.compose_line.value == "@dev wait"
