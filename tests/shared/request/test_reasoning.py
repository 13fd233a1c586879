from helpers import error_of

from thinwire.core.request.call import Call
from thinwire.core.request.reasoning import budget_of, effort_of


def test_what_a_call_says_of_reasoning_is_one_thing():
    for params, want in [
        ({}, None),
        ({"reasoning_effort": None, "reasoning_budget": None}, None),
        ({"reasoning_effort": "low"}, "low"),
        ({"reasoning_effort": "xhigh"}, "xhigh"),
        ({"reasoning_effort": False}, False),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_budget": 4096}, 4096),
        ({"reasoning_budget": 0}, False),
    ]:
        given = dict(params)
        given["top_p"] = 1
        call = Call([], params=given)
        assert call.reasoning is want or call.reasoning == want, (params, call.reasoning)
        assert call.params == {"top_p": 1}, call.params


def test_what_says_nothing_is_refused_with_what_to_write():
    for params, kind, words in [
        ({"reasoning_effort": True}, TypeError, '"medium"'),
        ({"reasoning_effort": ""}, TypeError, "or False"),
        ({"reasoning_effort": 3}, TypeError, "not 3"),
        ({"reasoning_budget": "many"}, TypeError, "a number of tokens"),
        ({"reasoning_budget": True}, TypeError, "a number of tokens"),
        ({"reasoning_budget": -1}, ValueError, "or more, not -1"),
        ({"reasoning_effort": "low", "reasoning_budget": 5}, TypeError, "one of them"),
        ({"reasoning_effort": False, "reasoning_budget": 5}, TypeError, "one of them"),
    ]:
        error = error_of(kind, Call, [], params=params)
        assert words in str(error), error


def test_a_budget_as_a_word_and_back():
    for reasoning, word, tokens in [
        (False, "none", 0),
        (1, "low", 1),
        (2047, "low", 2047),
        (2048, "medium", 2048),
        (16384, "high", 16384),
        ("minimal", "minimal", 1024),
        ("high", "high", 32768),
        ("as you like", "as you like", 8192),
    ]:
        assert effort_of(reasoning) == word, reasoning
        assert budget_of(reasoning) == tokens, reasoning
    for word in ("low", "medium", "high"):
        assert effort_of(budget_of(word)) == word
