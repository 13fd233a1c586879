import json

from helpers import error_of, read_all

from thinwire.core.dialects import openai
from thinwire.core.dialects.reasoning import spelled
from thinwire.core.providers.options import SPELLINGS
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment

# Spelling, then the fields for off, a word and a budget in tokens.
FIELDS = [
    (
        "effort",
        {"reasoning_effort": "none"},
        {"reasoning_effort": "low"},
        {"reasoning_effort": "medium"},
    ),
    (
        "openrouter",
        {"reasoning": {"effort": "none"}},
        {"reasoning": {"effort": "low"}},
        {"reasoning": {"max_tokens": 3000}},
    ),
    (
        "thinking",
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "enabled"}},
        {"thinking": {"type": "enabled"}},
    ),
    (
        "thinking_effort",
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "enabled"}, "reasoning_effort": "low"},
        {"thinking": {"type": "enabled"}, "reasoning_effort": "medium"},
    ),
    (
        "enable_thinking",
        {"enable_thinking": False},
        {"enable_thinking": True},
        {"enable_thinking": True, "thinking_budget": 3000},
    ),
    (
        "template",
        {"chat_template_kwargs": {"enable_thinking": False}},
        {
            "chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": "low"},
            "reasoning_effort": "low",
        },
        {
            "chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": "medium"},
            "reasoning_effort": "medium",
        },
    ),
    (
        "together",
        {"reasoning": {"enabled": False}},
        {"reasoning_effort": "low"},
        {"reasoning_effort": "medium"},
    ),
    (
        "gemini",
        {"reasoning_effort": "none"},
        {"reasoning_effort": "low"},
        {"extra_body": {"google": {"thinking_config": {"thinking_budget": 3000}}}},
    ),
    ("none", {}, {}, {}),
]


def sent(call, model=None, **options):
    deployment = Deployment("https://h.test/v1", model=model, **options)
    return json.loads(read_all(openai.request(deployment, "m", call).body))


def test_each_spelling():
    assert [row[0] for row in FIELDS] == SPELLINGS.split()
    for spelling, off, word, tokens in FIELDS:
        for reasoning, want in ((False, off), ("low", word), (3000, tokens)):
            assert spelled(reasoning, spelling, "m") == want, (spelling, reasoning)


def test_who_cannot_stop_reasoning_is_asked_for_the_least():
    for model, word in [
        ("gpt-5.2", "none"),
        ("openai/gpt-5", "minimal"),
        ("GPT-5-mini", "minimal"),
        ("o3-mini", "low"),
        ("openai/gpt-oss-120b", "low"),
        ("qwen3", "none"),
    ]:
        assert spelled(False, "effort", model) == {"reasoning_effort": word}, model


def test_a_call_says_it_and_the_deployment_spells_it():
    low = {"reasoning_effort": "low"}
    assert sent(Call([], params=low))["reasoning_effort"] == "low"
    got = sent(Call([], params=low), reasoning="openrouter")
    assert got["reasoning"] == {"effort": "low"}
    assert "reasoning_effort" not in got
    got = sent(Call([], params={"reasoning_budget": 3000}))
    assert got["reasoning_effort"] == "medium"
    assert "reasoning_budget" not in got
    assert sent(Call([], params={"reasoning_effort": False}), "o3")["reasoning_effort"] == "low"


def test_what_a_call_says_counts_more_than_the_deployment():
    said = {"reasoning_effort": "low"}
    for option in ("params", "extra_body"):
        got = sent(Call([], params=said), **{option: {"reasoning_effort": "high"}})
        assert got["reasoning_effort"] == "low", option
    assert sent(Call([]), params={"reasoning_effort": "high"})["reasoning_effort"] == "high"
    kwargs = {"chat_template_kwargs": {"enable_thinking": True, "x": 1}}
    got = sent(Call([], params={"reasoning_effort": False}), reasoning="template", params=kwargs)
    assert got["chat_template_kwargs"] == {"enable_thinking": False, "x": 1}
    assert kwargs == {"chat_template_kwargs": {"enable_thinking": True, "x": 1}}


def test_extra_body_replaces_what_is_spelled():
    call = Call([], params={"reasoning_effort": "low"}, extra_body={"reasoning_effort": None})
    assert sent(call)["reasoning_effort"] is None


def test_an_event_tells_that_a_server_has_nothing_of_it():
    told = []
    call = Call([], params={"reasoning_effort": "low"})
    call.tell = lambda event, fields: told.append((event, fields["name"]))
    got = sent(call, reasoning="none")
    assert "reasoning_effort" not in got
    assert told == [("parameter_dropped", "reasoning_effort")]
    call.tell = None
    assert sent(call, reasoning="none") == got


def test_a_deployment_may_ask_for_it_in_the_same_words():
    for said, spelling, want in [
        ({"reasoning_effort": "high"}, "effort", {"reasoning_effort": "high"}),
        ({"reasoning_effort": "high"}, "openrouter", {"reasoning": {"effort": "high"}}),
        ({"reasoning_effort": False}, "thinking", {"thinking": {"type": "disabled"}}),
        ({"reasoning_budget": 3000}, "effort", {"reasoning_effort": "medium"}),
        ({"reasoning_effort": None}, "openrouter", {"reasoning_effort": None}),
    ]:
        for option in ("params", "extra_body"):
            got = sent(Call([]), reasoning=spelling, **{option: said})
            for name in ("model", "messages", "stream", "stream_options"):
                got.pop(name)
            assert got == want, (said, spelling, got)
            if said != {"reasoning_effort": None}:
                low = {"params": {"reasoning_effort": "low"}}
                other = sent(Call([], **low), reasoning=spelling, **{option: said})
                assert other == sent(Call([], **low), reasoning=spelling)


def test_what_it_asks_for_is_checked_when_it_is_made():
    for said in ({"reasoning_effort": 3}, {"reasoning_effort": "low", "reasoning_budget": 1}):
        error_of(TypeError, Deployment, "https://h.test/v1", params=said)


def test_a_calls_own_field_is_left_alone():
    call = Call([], extra_body={"reasoning_effort": "low"})
    got = sent(call, reasoning="openrouter", params={"reasoning_effort": "high"})
    assert (got["reasoning_effort"], "reasoning" in got) == ("low", False)
