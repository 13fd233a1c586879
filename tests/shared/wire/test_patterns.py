# Patterns of names.

from thinwire.core.wire.patterns import matches


def test_a_pattern_is_compared_with_an_id():
    cases = (
        ("o1", "o1", True),
        ("o1", "o1-mini", False),
        ("o1*", "o1-mini", True),
        ("o1*", "openai/o1-mini", True),
        ("o1*", "gpt-o1", False),
        ("*", "", True),
        ("*", "x", True),
        ("*-pro", "gpt-5-pro", True),
        ("*-pro", "gpt-5-pro-1", False),
        ("gpt-5*-codex*", "gpt-5.1-codex-max", True),
        ("gpt-5*-codex*", "gpt-5-codex", True),
        ("gpt-5*-codex*", "gpt-5", False),
        ("a*b*c", "a1b2c", True),
        ("a*b*c", "a1c", False),
        ("aba*aba", "aba", False),
        ("a*ab*b", "ab", False),
        ("GPT*", "gpt-4o", True),
        ("openai/*", "openai/gpt", True),
        ("", "gpt", False),
    )
    for pattern, model, wanted in cases:
        assert matches(model, [pattern]) is wanted, (pattern, model)


def test_the_first_pattern_that_fits_decides():
    patterns = ("!gpt-5-chat*", "gpt-5*", "!*-mini", "o1*")
    for model, wanted in (
        ("gpt-5", True),
        ("gpt-5-mini", True),
        ("gpt-5-chat-latest", False),
        ("openai/GPT-5-Chat", False),
        ("o1-mini", False),
        ("o1", True),
        ("gpt-4o", False),
    ):
        assert matches(model, patterns) is wanted, model
    assert matches("gpt", ()) is False
