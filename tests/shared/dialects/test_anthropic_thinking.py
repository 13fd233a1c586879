import json

from helpers import read_all
from streams import HELLO

from thinwire.core.dialects import anthropic
from thinwire.core.request.call import Call
from thinwire.core.routing.deployment import Deployment

SCHEMA = {"type": "object", "properties": {}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
LENGTHS = {"MiniMax-M2": 8192, "glm-5": 8192, "claude-2.1": 4096}
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def enabled(tokens):
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def more(params, model="claude-sonnet-4-5", tools=None):
    """What is sent beyond a plain question, and the names of what was dropped."""
    told = []
    call = Call(HELLO, tools, params)
    call.tell = lambda name, fields: told.append(fields["name"])
    deployment = Deployment("https://api.test/v1", None, model, dialect="anthropic")
    got = json.loads(read_all(anthropic.request(deployment, "m", call).body))
    for name in ("model", "tools", "stream", "messages"):
        got.pop(name, None)
    if "max_tokens" not in params and got["max_tokens"] == LENGTHS.get(model, 32000):
        got.pop("max_tokens")
    return got, told


def kept(params, model="claude-sonnet-4-5", tools=None):
    """The same where nothing is dropped."""
    got, told = more(params, model, tools)
    assert told == []
    return got


def test_models_with_a_budget():
    for model in (
        "claude-3-7-sonnet-20250219",
        "claude-opus-4-20250514",
        "claude-sonnet-4-0",
        "claude-opus-4",
        "claude-opus-4@20250514",
        "anthropic/claude-sonnet-4:beta",
        "anthropic/claude-opus-4.5",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    ):
        assert kept({"reasoning_budget": 5000}, model) == enabled(5000), model
        for word in ("low", "medium", "high"):
            got = kept({"reasoning_effort": word}, model)
            assert 1024 <= got["thinking"]["budget_tokens"] <= 24000, word
    wanted = enabled(9000)
    wanted["max_tokens"] = 13096
    assert kept({"reasoning_budget": 9000}, "MiniMax-M2") == wanted


def test_a_budget_stays_below_max_tokens():
    for size, limit, wanted in ((5000, 4000, 3744), (5000, 9000, 5000), (10, 4000, 1024)):
        got = kept({"reasoning_budget": size, "max_tokens": limit})
        assert got["thinking"]["budget_tokens"] == wanted
        assert got["max_tokens"] == limit
    wanted = enabled(40000)
    wanted["max_tokens"] = 44096
    assert kept({"reasoning_budget": 40000}) == wanted
    got = kept({"reasoning_effort": "high", "max_tokens": 4000})
    assert got["thinking"]["budget_tokens"] == 3000
    got, told = more({"reasoning_budget": 5000, "max_tokens": 1000})
    assert (got, told) == ({"max_tokens": 1000}, ["reasoning_effort"])


def test_models_that_decide_themselves():
    for model, effort, wanted in (
        ("claude-opus-4-6", "minimal", "low"),
        ("claude-opus-4.6", "xhigh", "high"),
        ("claude-sonnet-4-6", "medium", "medium"),
        ("claude-opus-4-7", "xhigh", "xhigh"),
        ("claude-opus-5", "max", "max"),
    ):
        got = kept({"reasoning_effort": effort}, model)
        assert got == {"thinking": ADAPTIVE, "output_config": {"effort": wanted}}
    got = kept({"reasoning_budget": 1000}, "claude-opus-4-7")
    assert got["output_config"]["effort"] in ("low", "medium")
    params = {"reasoning_effort": "low", "output_config": {"effort": "max"}}
    assert kept(params, "claude-opus-4-7")["output_config"] == {"effort": "max"}


def test_models_that_do_not_think():
    for model in ("claude-3-5-haiku-latest", "claude-3-opus-20240229", "claude-2.1"):
        got, told = more({"reasoning_effort": "low"}, model)
        assert "thinking" not in got
        assert told == ["reasoning_effort"]


def test_thinking_is_switched_off_where_silence_does_not():
    for model, wanted in (
        ("claude-3-5-haiku-latest", None),
        ("claude-sonnet-4-5", None),
        ("claude-opus-4-7", None),
        ("claude-sonnet-5", {"type": "disabled"}),
        ("claude-mythos-preview", None),
        ("glm-5", {"type": "disabled"}),
    ):
        assert kept({"reasoning_effort": False}, model).get("thinking") == wanted, model
        assert "thinking" not in kept({}, model), model


def test_thinking_of_the_callers_goes_as_it_is():
    own = {"type": "enabled", "budget_tokens": 2000}
    for reasoning in (None, False, "high"):
        got = kept({"thinking": own, "reasoning_effort": reasoning})
        assert got == {"thinking": own}


def test_no_thinking_where_a_tool_must_be_called():
    for choice in ("required", {"type": "function", "function": {"name": "look"}}):
        params = {"tool_choice": choice, "reasoning_effort": "low"}
        got, told = more(params, tools=[TOOL])
        assert "thinking" not in got
        assert told == ["reasoning_effort"]
    params = {"tool_choice": "auto", "reasoning_effort": "low"}
    assert "thinking" in kept(params, tools=[TOOL])


def test_sampling_parameters_go_where_they_are_refused():
    for model, reasoning, stays in (
        ("claude-sonnet-4-5", None, True),
        ("claude-sonnet-4-5", "low", False),
        ("claude-opus-4-6", None, True),
        ("claude-opus-4-6", "low", False),
        ("claude-opus-4-7", None, False),
        ("claude-opus-5", "low", False),
    ):
        for name in ("temperature", "top_p", "top_k"):
            got, told = more({name: 0.5, "reasoning_effort": reasoning}, model)
            assert (name in got) == stays, (model, name)
            assert told == ([] if stays else [name])
