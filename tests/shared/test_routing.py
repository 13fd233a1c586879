from helpers import error_of
from streams import deployments

from thinwire.core.routing import Router


def test_the_chain_of_a_name():
    router = Router("a", deployments("a", "b", "c"), {"a": ["b", "c"], "b": ["c"]})
    for model, want in [
        (None, ["a", "b", "c"]),
        ("a", ["a", "b", "c"]),
        ("b", ["b", "c"]),
        ("c", ["c"]),
    ]:
        got = router.chain(model)
        assert got == want, (model, got)


def test_a_chain_is_the_callers_to_change():
    router = Router("a", deployments("a", "b"), {"a": ["b"]})
    router.chain("a").append("x")
    assert router.chain("a") == ["a", "b"], router.chain("a")


def test_later_changes_of_the_arguments_have_no_effect():
    declared, chains = deployments("a", "b"), {"a": ["b"]}
    router = Router("a", declared, chains)
    chains["a"].append("zz")
    declared.clear()
    assert router.chain("a") == ["a", "b"]
    assert router.models() == ["a", "b"]


def test_names_are_sorted():
    assert Router("z", deployments("z", "a", "m")).models() == ["a", "m", "z"]


def test_the_deployment_of_a_name():
    declared = deployments("a", "b")
    assert Router("a", declared).deployment("b") is declared["b"]


def test_an_unknown_model_is_refused_with_the_known_ones():
    error = error_of(ValueError, Router("a", deployments("a", "b")).chain, "x")
    assert str(error) == "no deployment for model 'x': known are 'a', 'b'", str(error)


# Arguments, then what the error says.
BAD = [
    ("x", ("a", "b"), None, "default_model 'x' is not in deployments: known are 'a', 'b'"),
    (None, ("a",), None, "default_model None is not in deployments: known are 'a'"),
    ("a", (), None, "default_model 'a' is not in deployments: known are none"),
    ("a", ("a",), {"x": []}, "fallbacks key 'x' is not in deployments: known are 'a'"),
    ("a", ("a",), {"a": ["y"]}, "fallback of 'a' 'y' is not in deployments: known are 'a'"),
    ("a", ("a",), {"a": ["a"]}, "fallback 'a' of 'a' would be tried twice"),
    ("a", ("a", "b"), {"a": ["b", "b"]}, "fallback 'b' of 'a' would be tried twice"),
]


def test_mistakes_show_at_construction():
    for default, names, fallbacks, want in BAD:
        got = str(error_of(ValueError, Router, default, deployments(*names), fallbacks))
        assert got == want, got


def test_a_deployment_must_be_one():
    error = error_of(TypeError, Router, "a", {"a": "https://a.test/v1"})
    assert str(error) == "deployments['a'] must be a Deployment", str(error)
