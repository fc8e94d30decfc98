"""What is typed into the start dialog, as a session; and a session as a form again."""

from pathlib import Path

import pytest

from meshbot_core.clients.fleet_file import FLEET_VARIABLE
from meshbot_core.session.records import Limits, SessionOptions
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.screens.forms import form_of, lacking, options_of

FULL = StartForm(
    name="dev",
    folder="/src/app",
    kind="headless",
    model="opus",
    permission_mode="plan",
    flags="--add-dir=../lib --settings=x.json",
    limits=Limits(cost_per_day_usd=3),
    claude="/opt/claude",
    restart="never",
    approval_limit_s=60,
    goes_on_after_limit=False,
)


def test_a_form_asks_for_a_session():
    options = options_of(FULL.model_copy(update={"prompt": "-v is a flag?", "conversation": "c1"}))
    assert (options.kind, options.folder) == ("headless", "/src/app")
    assert options.limits.cost_per_day_usd == 3
    assert " ".join(options.flags) == (
        "--add-dir=../lib --settings=x.json --model opus --permission-mode plan --resume c1"
        " -- -v is a flag?"
    )


def test_what_ran_is_started_again_as_it_ran():
    assert form_of("dev", options_of(FULL), "") == FULL


def test_of_its_environment_only_the_names_are_kept():
    environment = {"TOKEN": "secret", "STAGE": "test", FLEET_VARIABLE: "/fleet.toml"}
    form = form_of("dev", SessionOptions(folder="/src", environment=environment), "")
    assert "secret" not in form.model_dump_json()
    assert "without STAGE, TOKEN:" in lacking(form, {})
    assert "without TOKEN:" in lacking(form, {"STAGE": "prod"})
    assert lacking(form, environment) == ""


def test_what_goes_on_in_its_conversation_is_not_told_its_first_words_again():
    options = SessionOptions(folder="/src", flags=("--continue", "--fork-session", "begin"))
    form = form_of("dev", options, "c1")
    assert form == StartForm(name="dev", folder="/src", conversation="c1")
    assert form_of("dev", options, "").prompt == "begin"


def test_quotes_that_do_not_end_are_told():
    with pytest.raises(ValueError, match="No closing quotation"):
        options_of(StartForm(flags="--model 'x"))


def test_a_folder_is_where_the_person_means_it():
    assert options_of(StartForm(folder="~/src")).folder == str(Path.home() / "src")
