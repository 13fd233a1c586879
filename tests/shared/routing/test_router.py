from helpers import error_of
from streams import deployments

from thinwire.core.routing.router import Router


def test_the_name_asked_for():
    router = Router("a", deployments("a", "b"))
    assert [router.name(model) for model in (None, "a", "b")] == ["a", "a", "b"]


def test_the_fallbacks_of_a_name():
    lists = ({"a": ["b", "c"], "b": ["c"]}, {"a": ["c"]}, {"b": ["a"]})
    router = Router("a", deployments("a", "b", "c"), *lists)
    for name, reason, want in [
        ("a", "", ["b", "c"]),
        ("b", "", ["c"]),
        ("c", "", []),
        ("a", "context_length", ["c"]),
        ("b", "context_length", []),
        ("b", "content_filter", ["a"]),
        ("a", "rate_limit", []),
    ]:
        got = router.fallbacks(name, reason)
        assert got == want, (name, reason, got)


def test_later_changes_of_the_arguments_have_no_effect():
    declared, chains = deployments("a", "b"), {"a": ["b"]}
    router = Router("a", declared, chains)
    chains["a"].append("zz")
    declared.clear()
    assert router.fallbacks("a") == ["b"]
    assert router.models() == ["a", "b"]


def test_names_are_sorted():
    assert Router("z", deployments("z", "a", "m")).models() == ["a", "m", "z"]


def test_the_deployment_of_a_name():
    declared = deployments("a", "b")
    assert Router("a", declared).deployment("b") is declared["b"]


def test_an_unknown_model_is_refused_with_the_known_ones():
    error = error_of(ValueError, Router("a", deployments("a", "b")).name, "x")
    assert str(error) == "no deployment for model 'x': known are 'a', 'b'", str(error)


# Arguments, then what the error says.
BAD = [
    ("x", ("a", "b"), None, "default_model 'x' is not in deployments: known are 'a', 'b'"),
    ("a", (), None, "default_model 'a' is not in deployments: known are none"),
    ("a", ("a",), {"x": []}, "fallbacks key 'x' is not in deployments: known are 'a'"),
    ("a", ("a",), {"a": ["y"]}, "fallbacks of 'a' 'y' is not in deployments: known are 'a'"),
    ("a", ("a",), {"a": ["a"]}, "fallbacks of 'a' go in a circle: 'a' would be tried twice"),
    (
        "a",
        ("a", "b"),
        {"a": ["b", "b"]},
        "fallbacks of 'a' go in a circle: 'b' would be tried twice",
    ),
]


def test_mistakes_show_at_construction():
    for default, names, fallbacks, want in BAD:
        got = str(error_of(ValueError, Router, default, deployments(*names), fallbacks))
        assert got == want, got


def test_each_list_is_checked_by_its_own_name():
    names = deployments("a")
    error = error_of(ValueError, Router, "a", names, None, {"a": ["y"]})
    assert str(error).startswith("context_fallbacks of 'a' 'y' is not"), error
    error = error_of(ValueError, Router, "a", names, None, None, {"y": []})
    assert str(error).startswith("content_filter_fallbacks key 'y' is not"), error
    error = error_of(TypeError, Router, "a", names, {"a": "b"})
    assert str(error) == "fallbacks['a'] must be a list of names, not a string", error


def test_a_deployment_must_be_one():
    error = error_of(TypeError, Router, "a", {"a": 5})
    assert str(error).startswith("deployments['a'] must be a Deployment"), str(error)
    error = error_of(ValueError, Router, "a", {"a": "https://a.test/v1"})
    assert "'https://a.test/v1' is no \"provider:model\"" in str(error), str(error)
