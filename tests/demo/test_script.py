"""A script answers from the request alone."""

import json

import pytest

from meshbot_core.demo.script import ModelRequest, Plan, Rule, ScriptError, call, say


def request_of(*messages: object, tools: tuple[str, ...] = ()) -> ModelRequest:
    body = {"messages": messages, "tools": [{"name": name} for name in tools]}
    return ModelRequest.model_validate_json(json.dumps(body))


def user(text: str) -> dict[str, object]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def called(tool: str, call_id: str) -> dict[str, object]:
    block = {"type": "tool_use", "id": call_id, "name": tool, "input": {}}
    return {"role": "assistant", "content": [block]}


def answered(call_id: str, *parts: str, is_error: bool = False) -> dict[str, object]:
    content = [{"type": "text", "text": part} for part in parts]
    block = {
        "type": "tool_result",
        "tool_use_id": call_id,
        "content": content,
        "is_error": is_error,
    }
    return {"role": "user", "content": [block]}


PLAN = Plan(
    (
        Rule("greet", (call("send_message", to="ops", message="hello"), say("sent"))),
        Rule("look", (call("check_messages"), lambda asked: say(asked.results[0].text))),
    )
)


def test_the_first_rule_whose_words_the_user_said_is_played():
    turn = PLAN.answer(request_of(user("please greet them and look")))

    assert turn.calls[0].tool == "mcp__mesh__send_message"
    assert turn.calls[0].arguments == {"to": "ops", "message": "hello"}


def test_each_tool_result_leads_to_the_next_step_and_then_the_model_is_done():
    begun = (user("greet"), called("mcp__mesh__send_message", "1"), answered("1", "{}"))

    assert PLAN.answer(request_of(*begun)).text == "sent"
    more = (*begun, called("mcp__mesh__check_messages", "2"), answered("2", "{}"))
    assert PLAN.answer(request_of(*more)).text == "Done."


def test_a_step_may_be_made_of_what_the_tools_answered():
    asked = request_of(user("look"), called("mcp__mesh__check_messages", "1"), answered("1", "a"))

    assert PLAN.answer(asked).text == "a"


def test_an_earlier_turn_of_the_same_conversation_does_not_count():
    earlier = (user("greet"), called("mcp__mesh__send_message", "1"), answered("1", "{}"))

    assert PLAN.answer(request_of(*earlier, user("greet"))).calls


def test_a_system_message_after_the_user_and_reminders_in_it_are_not_what_the_user_said():
    said = user("look <system-reminder>greet</system-reminder>")
    asked = request_of(said, {"role": "system", "content": "greet"})

    assert asked.user_text == "look"


def test_a_plain_string_counts_as_text():
    assert request_of({"role": "user", "content": "look"}).user_text == "look"


def test_a_result_knows_its_tool_its_parts_and_whether_it_failed():
    results = request_of(
        user("look"), called("mcp__mesh__reply", "1"), answered("1", "a", "b", is_error=True)
    ).results

    assert [(r.tool, r.parts, r.is_error) for r in results] == [
        ("mcp__mesh__reply", ("a", "b"), True)
    ]


def test_a_member_is_found_by_its_path():
    text = json.dumps({"messages": [{"id": "x"}]})
    asked = request_of(user("look"), called("t", "1"), answered("1", text, "beside it"))

    assert asked.results[0].member("messages/0/id") == "x"


@pytest.mark.parametrize("path", ["messages/1/id", "none", "messages/id", "messages/0/id/x"])
def test_a_member_that_is_not_there_is_named(path):
    text = json.dumps({"messages": [{"id": "x"}]})
    asked = request_of(user("look"), called("t", "1"), answered("1", text))

    with pytest.raises(ScriptError, match=path):
        asked.results[0].member(path)
