from thinwire.core.providers import schema
from thinwire.core.providers.options import Options
from thinwire.core.providers.schema import Unset, Walk

VARIABLES = {"KEY": "sk-1", "N": "7", "YES": "true", "HALF": "0.5", "EMPTY": "", "D": "a$"}


def walked(value, kinds):
    walk = Walk(VARIABLES.get)
    return walk.value(value, kinds, "p"), [words for _, words in walk.problems]


def test_what_fits_is_taken_as_it_is():
    def ask():
        return "sk"

    for kinds, values in (
        ("text", ("", "x")),
        ("bool", (True, False)),
        ("count", (1, 7)),
        ("whole", (0, 7)),
        ("seconds", (1, 0.5, float("inf"))),
        ("number", (0, 0.5)),
        ("key", ("sk", ask)),
        ("any", (None, {"a": [1]}, 1.5)),
        ("text|null", ("x", None)),
        ("=a,b", ("a", "b")),
        ("bool|=inside", (True, "inside")),
        ("[text]", ([], ["a", "b"])),
        ("{text}", ({}, {"a": "b"})),
        ("{[text]}|[text]", ({"a": ["b"]}, ["a"])),
        ("{model/text}", ({"a": "b", "c": {"model": "d"}},)),
        ("retry|count", (3, {"attempts": 2})),
    ):
        for value in values:
            assert walked(value, kinds) == (value, []), (kinds, value)


def test_what_does_not_fit_is_told_without_its_text():
    for kinds, value, words in (
        ("text", 5, "takes a text, not 5"),
        ("text", None, "takes a text, not null"),
        ("text", {"a": 1}, "takes a text, not an object"),
        ("bool", "sk-secret", "takes true or false, not a text"),
        ("bool", 1, "takes true or false, not 1"),
        ("count", 0, "takes a whole number from 1, not 0"),
        ("count", 1.5, "takes a whole number from 1, not 1.5"),
        ("count", True, "takes a whole number from 1, not true"),
        ("whole", -1, "takes a whole number from 0, not -1"),
        ("seconds", 0, "takes seconds above 0, not 0"),
        ("number", "x", "takes a number from 0, not a text"),
        ("key", 5, "takes a text, not a number"),
        ("key", True, "takes a text, not true"),
        ("number", float("inf"), "takes a number from 0, not inf"),
        ("seconds", 10**400, "takes seconds above 0, not a number as large as that"),
        ("count", 10**5000, "takes a whole number from 1, not a number as large as that"),
        ("whole", -(10**5000), "takes a whole number from 0, not a number as large as that"),
        ("text|null", [], "takes a text or null, not a list"),
        ("[text]", "a", "takes a list, not a text"),
        ("{text}", [1], "takes an object, not a list"),
        ("timeouts|seconds", "x", "takes an object or seconds above 0, not a text"),
        ("=a,b", 5, "takes 'a' or 'b', not 5"),
        ("text", b"x", "takes a text, not a bytes"),
        ("=a,b", "sk-secret", "takes 'a' or 'b', not another text"),
        (
            "=bearer,none",
            "baerer",
            "takes 'bearer' or 'none', not another text (did you mean 'bearer'?)",
        ),
    ):
        assert walked(value, kinds) == (schema.WRONG, [words]), (kinds, value)


def test_what_is_wrong_inside_is_left_out():
    assert walked(["a", 5], "[text]") == (["a"], ["takes a text, not 5"])
    assert walked({"a": "b", "c": 5}, "{text}") == ({"a": "b"}, ["takes a text, not 5"])


def test_variables_stand_in_texts():
    for text, found in (
        ("${KEY}", "sk-1"),
        ("Bearer ${KEY}!", "Bearer sk-1!"),
        ("${KEY}${N}", "sk-17"),
        ("${NO:-other}", "other"),
        ("${NO:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("$${KEY}", "${KEY}"),
        ("${D}${KEY}", "a$sk-1"),
        ("$KEY", "$KEY"),
    ):
        assert walked(text, "text") == (found, []), text
        assert walked(text, "any") == (found, []), text


def test_variables_stand_for_numbers_and_bools():
    assert walked("${N}", "count") == (7, [])
    assert walked("${HALF}", "seconds") == (0.5, [])
    assert walked("${YES}", "bool") == (True, [])
    assert walked("${KEY}", "count")[1] == ["takes a whole number from 1, not a text"]


def test_a_variable_that_is_not_set_is_told():
    assert walked("${NO}", "text") == (schema.WRONG, ["the variable NO is not set"])
    assert walked("${EMPTY}", "text") == (schema.WRONG, ["the variable EMPTY is not set"])
    for text in ("${KEY", "${}", "a ${"):
        said = "${ has to be followed by the name of a variable and }"
        assert walked(text, "text") == (schema.WRONG, [said]), text


def test_a_key_whose_variable_is_not_set_says_so_when_it_is_asked_for():
    key, problems = walked("${NO}", "key")
    assert isinstance(key, Unset)
    assert problems == []
    try:
        key()
    except ValueError as error:
        assert str(error) == "p: the variable NO is not set"
    else:
        assert False, "nothing was raised"


def test_fields_that_there_are_not():
    for section, name, words in (
        ("provider", "base_ulr", "there is no such setting (did you mean 'base_url'?)"),
        ("config", "base_url", "belongs into providers.NAME"),
        ("provider", "fallbacks", "belongs into the top level"),
        ("model", "top_p", "there is no such setting; a field of the API belongs into params"),
        ("cooldown", "a b", "there is no such setting: known are failures, max_seconds, seconds"),
        ("cooldown", "zzz", "there is no such setting: known are failures, max_seconds, seconds"),
    ):
        walk = Walk(VARIABLES.get)
        assert walk.section({name: 1}, section, "here") == {}
        assert walk.problems == [(schema.below("here", name), words)]


def test_what_is_of_the_application_is_passed_over():
    walk = Walk(VARIABLES.get)
    assert walk.section({"mcp_servers": [1], "server": {}, "log": True}, "config") == {"log": True}
    assert walk.problems == []


def test_names_with_dots_are_quoted_in_a_path():
    assert schema.below("", "a") == "a"
    assert schema.below("models", "llama3.2:1b") == 'models."llama3.2:1b"'
    assert schema.below("models", "") == 'models.""'


def test_every_line_of_the_table_is_whole():
    for section in schema.SECTIONS:
        names = [name for name, kind, words in schema.fields(section)]
        assert len(set(names)) == len(names)
        for name, kind, words in schema.fields(section):
            assert kind, name
            assert words[-1] == ".", name


def test_every_option_of_a_deployment_can_be_written():
    known = [name for name, _, _ in schema.fields("provider") + schema.fields("model")]
    ours = ("variables", "needs_key", "model_env")
    for name in dir(Options):
        if name[0] != "_" and name not in ours and not callable(getattr(Options, name)):
            assert name in known, name
