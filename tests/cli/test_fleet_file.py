"""The fleet file: what it means, and what is said of one that cannot be."""

import configparser
import plistlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.clients.fleet_changes import changes, fleet_of
from meshbot_core.clients.fleet_file import Fleet, FleetAgent, FleetLimits, parse_fleet, read_fleet
from meshbot_core.clients.fleet_lines import line_of, member_lines
from meshbot_core.errors import FleetFileError
from meshbot_core.session.records import Limits, SessionOptions

ASSETS = Path(__file__).parents[2] / "assets"
FILE = Path("/fleets/fleet.toml")
AGENT = '[agents.dev]\nfolder = "."\n'


def parsed(text: str) -> Fleet:
    return parse_fleet(text.encode(), FILE)


def complaint(text: str | bytes) -> str:
    with pytest.raises(FleetFileError) as caught:
        parse_fleet(text if isinstance(text, bytes) else text.encode(), FILE)
    return str(caught.value).removeprefix(f"{FILE}:")


def options(folder: Path, agent: str = "", *, above: str = "") -> SessionOptions:
    text = f'{above}[agents.dev]\nfolder = "{folder}"\n{agent}'
    return parse_fleet(text.encode(), folder / "fleet.toml").options("dev", {"HOME": "/h"})


def test_everything_that_a_file_can_say_reaches_the_session(tmp_path: Path) -> None:
    wanted = options(
        tmp_path,
        'daemon = true\nmodel = "sonnet"\npermission_mode = "manual"\nprompt = "Watch."\n'
        'flags = ["--effort", "low"]\nrestart = "never"\nclaude = "/opt/claude"\n'
        'env = { LOG_LEVEL = "info" }\nlimits = { turns_per_hour = 30, cost_per_day_usd = 5 }\n'
        "approval_limit_s = 60\ngoes_on_after_limit = false\n",
    )

    assert wanted == SessionOptions(
        kind="headless",
        folder=str(tmp_path),
        flags=(
            "--model=sonnet",
            "--permission-mode=manual",
            "--effort",
            "low",
            "--",
            "Watch.",
        ),
        environment={"LOG_LEVEL": "info", "MESHBOT_FLEET": str(tmp_path / "fleet.toml")},
        inherited={"HOME": "/h"},
        claude="/opt/claude",
        limits=Limits(turns_per_hour=30, cost_per_day_usd=5),
        restart="never",
        approval_limit_s=60,
        goes_on_after_limit=False,
    )


def test_a_folder_may_begin_at_home_or_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    for folder in ("me/src", "beside"):
        (tmp_path / folder).mkdir(parents=True)
    text = '[agents.a]\nfolder = "~/src"\n[agents.b]\nfolder = "beside"\n'
    fleet = parse_fleet(text.encode(), tmp_path / "fleet.toml")

    assert fleet.options("a", {}).folder == str(tmp_path / "me/src")
    assert fleet.options("b", {}).folder == str(tmp_path / "beside")


def test_false_switches_a_limit_off(tmp_path: Path) -> None:
    limits = options(tmp_path, "limits = { hops = false, messages_per_minute = 3 }\n").limits

    assert limits == Limits(hops=None, messages_per_minute=3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AGENT + 'modle = "x"\n', "3: agents.dev.modle: there is no such member; model was meant?"),
        ("[agent.dev]\n", "1: agent: there is no such member; agents was meant?"),
        (AGENT + "zzzzzz = 1\n", "3: agents.dev.zzzzzz: there is no such member; known are: "),
        (
            AGENT + "limits = { turn_per_hour = 3 }\n",
            "3: agents.dev.limits.turn_per_hour: there is no such member; turns_per_hour was ",
        ),
        (
            AGENT + "[agents.dev.limits]\nhopps = 3\n",
            "4: agents.dev.limits.hopps: there is no such member; hops was meant?",
        ),
        ("\n[agents.dev]\n", "2: agents.dev.folder: is missing"),
        (AGENT + 'daemon = "yes"\n', "3: agents.dev.daemon: expected true or false"),
        (AGENT + "model = 3\n", '3: agents.dev.model: expected text, "in quotes"'),
        (AGENT + "env = { A = 3 }\n", '3: agents.dev.env.A: expected text, "in quotes"'),
        (AGENT + "flags = [3]\n", '3: agents.dev.flags: expected text, "in quotes"'),
        (AGENT + 'restart = "always"\n', "3: agents.dev.restart: expected 'on-failure' or 'never'"),
        (AGENT + "limits = 3\n", "3: agents.dev.limits: expected a table"),
        (AGENT + "limits = { hops = 0 }\n", "3: agents.dev.limits.hops: expected greater than"),
        (AGENT + 'flags = ["hello"]\n', "3: agents.dev.flags: 'hello' is no flag; a first prompt"),
        (AGENT + 'flags = ["-p"]\n', "3: agents.dev.flags: -p cannot be given"),
        (AGENT + '[agents."a b"]\nfolder = "."\n', "3: agents.a b: 'a b' cannot name an agent"),
        ('mesh = "a/b"\n', "1: mesh: 'a/b' cannot name a mesh"),
        ("agents = 3\n", "1: agents: expected a table"),
        ("[agents]\ndev = 3\n", "2: agents.dev: expected a table"),
        (AGENT + AGENT, "3: agents.dev stands twice, first in line 1"),
        (AGENT + '[agents."dev"]\n', "3: agents.dev stands twice, first in line 1"),
        (AGENT + 'folder = "x"\n', "3: agents.dev.folder stands twice, first in line 2"),
        (AGENT + "x = = 3\n", "3: invalid value"),
        (AGENT + 'prompt = "x\n', "3: "),
        (AGENT + 'prompt = """x\n', "3: unterminated string"),
        (AGENT.encode() + b'model = "\xff"\n', "3: expected UTF-8 text"),
        (AGENT + 'prompt = """\none\ntwo\n"""\nbad = 1\n', "7: agents.dev.bad: "),
        ("x = " + "[" * 5000, " expected fewer levels of nesting"),
        (b"#" * (256 * 1024 + 1), " expected at most"),
    ],
)
def test_a_mistake_is_told_with_its_line_its_member_and_what_was_meant(
    text: str | bytes, said: str
) -> None:
    assert complaint(text).startswith(said)
    assert "\n" not in complaint(text)


def test_a_folder_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    text = '[agents.dev]\nmodel = "x"\nfolder = "nowhere"\n[agents.ops]\nfolder = "fleet.toml"\n'
    file = tmp_path / "fleet.toml"
    file.write_text(text)
    fleet = read_fleet(file)

    with pytest.raises(FleetFileError, match=r"toml:3: agents.dev.folder: /.*/nowhere is not th"):
        fleet.options("dev", {})
    with pytest.raises(FleetFileError, match=r"toml:5: agents.ops.folder: /.* is no folder"):
        fleet.options("ops", {})


def test_a_file_that_is_not_there_is_an_error_that_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(FleetFileError, match=r"cannot be read \(No such file") as caught:
        read_fleet(tmp_path / "fleet.toml")

    assert "meshbot up FILE" in caught.value.hint


MEMBERS = sorted({*FleetAgent.model_fields, "prompt"} - {"env"})


@given(name=st.sampled_from(MEMBERS), lines=st.integers(0, 5), data=st.data())
def test_a_letter_left_out_of_any_member_is_guessed(
    name: str, lines: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    typo = name[:at] + name[at + 1 :]

    said = complaint(AGENT + "# a comment\n" * lines + f"{typo} = 1\n")

    assert said == f"{3 + lines}: agents.dev.{typo}: there is no such member; {name} was meant?"


pieces = st.sampled_from(
    (
        *("[agents.dev]", '[agents."x"]', "[", "]", "folder", '"."', "=", "{", "}", ",", "\n"),
        *("limits", "hops", "flags", "true", "3", "#", "é", "[[", "agents", ".", "mesh", "'"),
        *('"""', "\r"),
    )
)


@given(st.lists(pieces, max_size=30).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_fleet_or_one_line_of_what_is_wrong(text: str) -> None:
    try:
        parse_fleet(text.encode("utf-8", "surrogatepass"), FILE)
    except FleetFileError as error:
        assert str(error).startswith(f"{FILE}:")  # noqa: PT017 - most texts are wrong


values = st.sampled_from(['"x"', "3", "[\n1,\n2]", '"""\n[a]\nb = 1\n"""', "{ c = 1 }", "'''\n'''"])


@given(st.lists(values, min_size=1, max_size=8))
def test_the_line_of_a_member_is_known_whatever_stands_above_it(above: list[str]) -> None:
    rows = [f"k{number} = {value}" for number, value in enumerate(above)]
    text = "\n".join([*rows, "[table]", "# note", "last = 1"])

    lines = member_lines(text)

    assert line_of(lines, ("table", "last")) == text.count("\n") + 1
    assert line_of(lines, ("table", "nowhere")) == text.count("\n") - 1
    assert lines["k0",] == 1


def test_a_change_is_told_by_the_members_of_the_file(tmp_path: Path) -> None:
    before = options(tmp_path, 'model = "sonnet"\nprompt = "a"\nenv = { A = "1", B = "2" }\n')
    after = options(
        tmp_path,
        'model = "opus"\nprompt = "b"\nenv = { B = "secret" }\ndaemon = true\n'
        "limits = { hops = false }\nflags = ['--effort=low']\n",
    )

    assert changes(before, before) == ()
    assert set(changes(before, after)) == {
        "daemon false → true",
        "model sonnet → opus",
        "prompt",
        "flags none → --effort=low",
        "limits.hops 16 → none",
        "env.A",
        "env.B",
    }


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from(["sonnet", "opus"]),
            "daemon": st.booleans(),
            "prompt": st.text(max_size=5),
            "flags": st.just(("--effort", "low")),
            "restart": st.sampled_from(["never", "on-failure"]),
            "env": st.dictionaries(st.sampled_from("AB"), st.text(max_size=2)),
            "limits": st.builds(FleetLimits, hops=st.integers(1, 3)),
        },
    ).map(lambda members: FleetAgent(folder="/", **members))
)
def test_an_agent_differs_from_itself_in_nothing_and_is_known_by_its_file(
    agent: FleetAgent,
) -> None:
    fleet = Fleet(path=FILE, mesh=None, agents={"dev": agent}, places={"dev": 1})
    wanted = fleet.options("dev", {"HOME": "/h"})
    running = SessionOptions.model_validate_json(wanted.model_dump_json())

    assert changes(running, wanted.model_copy(update={"inherited": {}})) == ()
    assert fleet_of(running) == str(FILE)


def test_the_example_can_be_used(tmp_path: Path) -> None:
    text = (ASSETS / "fleet.toml").read_text()

    fleet = parsed(text)

    assert fleet.mesh == "default"
    assert set(fleet.agents) == {"dev", "ops"}
    assert fleet.agents["ops"].limits == FleetLimits(cost_per_day_usd=5)
    named = set(FleetAgent.model_fields) - {"limits"}
    assert {name for name in named if f"\n{name} = " in text or f"\n# {name} = " in text} == named


def test_the_unit_and_the_plist_parse_and_run_up() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names have capitals
    unit.read(ASSETS / "meshbot.service")
    plist = plistlib.loads((ASSETS / "com.meshbot.fleet.plist").read_bytes())

    assert unit["Service"]["Type"] == "oneshot"
    assert unit["Service"]["ExecStart"].endswith("meshbot up %h/fleet.toml")
    assert plist["ProgramArguments"][-1].endswith('meshbot up "$HOME/fleet.toml"')
    assert plist["RunAtLoad"] is True
