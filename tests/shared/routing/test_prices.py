"""What an answer has cost, where its server does not say."""

from helpers import error_of
from streams import DONE, HELLO, STOP, event, json_reply, sse, text

from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

# In units that floats have exactly, also those of a chip.
PRICES = {"input": 4000000, "cached_input": 1000000, "cache_write": 5000000, "output": 8000000}


def asked(usage, prices, dialect="openai"):
    if dialect == "anthropic":
        body = {"type": "message", "content": [{"type": "text", "text": "Hi"}], "usage": usage}
        body["stop_reason"] = "end_turn"
        reply = json_reply(body)
    else:
        reply = [text("Hi"), STOP] + ([] if usage is None else [{"choices": [], "usage": usage}])
        reply = ScriptedReply([sse(*reply) + DONE])
    place = Deployment("https://a.test/v1", "key", "m", prices=prices, dialect=dialect)
    with Client("a", {"a": place}, transport=ScriptedTransport([reply])) as client:
        return client.chat(HELLO)


def test_a_cost_is_reckoned_from_the_counts():
    for usage, want in (
        ({"prompt_tokens": 10, "completion_tokens": 3}, 10 * 4 + 3 * 8),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 4},
            },
            6 * 4 + 4 + 24,
        ),
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 10}, 10),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"cache_write_tokens": 4}},
            6 * 4 + 4 * 5,
        ),
        ({"prompt_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}, 4),
        ({"completion_tokens": 1, "prompt_tokens": None, "prompt_tokens_details": []}, 8),
    ):
        done = asked(usage, PRICES)
        assert (done.cost, done.cost_estimated) == (want, True), (usage, done.cost)


def test_what_is_cached_at_anthropic_is_a_part_of_the_prompt():
    usage = {"input_tokens": 1, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 3}
    usage["output_tokens"] = 4
    assert asked(usage, PRICES, "anthropic").cost == 1 * 4 + 2 * 1 + 3 * 5 + 4 * 8


def test_prices_that_are_not_given():
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "cached_tokens": 4}
    assert asked(usage, {"input": 1000000}).cost == 10
    assert asked(usage, {"output": 1000000}).cost == 3
    assert asked(usage, {"request": 0.5}).cost == 0.5
    for none in (None, {}):
        done = asked(usage, none)
        assert (done.cost, done.cost_estimated) == (None, False)


def test_the_servers_word_wins():
    for cost in (0.25, 0):
        done = asked({"prompt_tokens": 10, "cost": cost}, PRICES)
        assert (done.cost, done.cost_estimated) == (cost, False)


def test_without_counts_there_is_no_cost():
    for usage in (None, {"prompt_tokens": 0, "completion_tokens": 0}, {"total_tokens": "many"}):
        done = asked(usage, PRICES)
        assert (done.cost, done.cost_estimated) == (None, False), usage


def test_a_part_of_an_answer_has_what_was_counted():
    usage = {"prompt_tokens": 10, "completion_tokens": 1}
    pieces = [event({"choices": [], "usage": usage}) + sse(text("Hi")), sse(STOP) + DONE]
    place = Deployment("https://a.test/v1", "key", "m", prices=PRICES)
    transport = ScriptedTransport([ScriptedReply(pieces)])
    with Client("a", {"a": place}, transport=transport) as client:
        with client.stream(HELLO) as stream:
            assert stream.completion.cost is None
            next(stream)
            assert stream.completion.cost == 48


def test_what_is_no_price():
    for prices, kind, words in (
        ({"inptu": 1}, ValueError, "has no 'inptu': known are input, cached_input"),
        ({"input": "1"}, TypeError, "numbers of 0 or more, not '1' for input"),
        ({"input": -1}, TypeError, "not -1 for input"),
        ({"input": True}, TypeError, "not True for input"),
        ({"input": float("nan")}, TypeError, "for input"),
        (3, TypeError, "takes a dict of numbers, not 3"),
    ):
        error = error_of(kind, Deployment, "https://a.test", prices=prices)
        assert words in str(error), error


def test_a_configuration_has_them():
    place = {"base_url": "https://a.test/v1", "prices": {"input": 2.5, "output": 10}}
    with Client.from_config({"models": {"a": place}}, environ={}) as client:
        assert client.resolve("a").options.prices == {"input": 2.5, "output": 10}
    wrong = {"base_url": "https://a.test/v1", "prices": {"inptu": 2.5}}
    error = error_of(ValueError, Client.from_config, {"models": {"a": wrong}}, environ={})
    assert "models.a.prices.inptu" in str(error), error
