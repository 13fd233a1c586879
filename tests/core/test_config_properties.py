"""Whatever a configuration says: it is right, or all that is wrong with it is told."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from thinwire import Client, ConfigError, Deployment
from thinwire.core.providers import environment, schema
from thinwire.core.providers.config import Config

ENV = {"GROQ_API_KEY": "sk-1", "OPENAI_API_KEY": "sk-2"}
SECRET = "sk-not-to-be-shown"
NAMES = sorted({name for section in schema.SECTIONS for name, _, _ in schema.fields(section)})
WORDS = st.sampled_from(
    ["a", "b", "*", "groq", "openai", "groq:x", "hill", "hill/a", "a:b", "", "${A}", "${", "a/b"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**20)
    | st.floats()
    | WORDS
    | st.sampled_from(["https://h.example/v1", "http://127.0.0.1:1/v1", "chunked", "none"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "default_model": WORDS,
        "default_provider": WORDS,
        "providers": st.dictionaries(WORDS, FIELDS, max_size=3),
        "models": st.dictionaries(WORDS, WORDS | FIELDS, max_size=3),
        "fallbacks": st.lists(WORDS, max_size=2)
        | st.dictionaries(WORDS, st.lists(WORDS, max_size=2), max_size=2),
        "timeouts": VALUES,
        "retry": VALUES,
    },
)


def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        found = Config(document, ENV).arguments()
        if not {"add_ca", "verify", "transport", "store"} & set(found):  # files
            Client(**found).close()
    except ConfigError as error:
        return [("", str(error)), *error.problems]
    return []


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS | FIELDS)
def test_a_configuration_is_right_or_all_is_told(document: dict[str, Any]) -> None:
    before = repr(document)
    assert len(problems(document)) != 1
    assert all(words for _, words in problems(document))
    assert repr(document) == before


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.just(SECRET) | VALUES))
def test_no_text_is_shown_that_may_be_a_key(section: dict[str, Any]) -> None:
    section["api_key"] = SECRET + "\n"
    for name in ("type", "base_url", "models"):  # what these name is shown
        section.pop(name, None)
    told = problems({"providers": {"hill": section}})
    assert told
    assert SECRET not in str(told)


VARIABLES = [
    *("THINWIRE_CONFIG", "PREFERRED_PROVIDER", "DEFAULT_MODEL", "OPENAI_API_VERSION"),
    *("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_MODEL", "GROQ_API_KEY"),
    *("GROQ_BASE_URL", "XAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    *(
        prefix + suffix
        for prefix in ("OPENAI_COMPATIBLE", "OPENAI_COMPAT", "OPENAI", "OPENROUTER")
        for suffix in "_ENABLED _API_KEY _BASE_URL _DEFAULT_MODEL _MODEL _PROVIDER_NAME"
        " _CUSTOM_HEADERS _TIMEOUT _MAX_RETRIES _MAX_TOKENS".split()
    ),
]
TEXTS = st.sampled_from(
    [
        *("", " ", "x", "groq", "true", "false", "1", "-1", "nan", "1e400", "{}", '{"a": 1}', "["),
        *("é", "https://h.example/v1", "http://h.example", '{"A": "b"}', "\x00", "*"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(VARIABLES), TEXTS, max_size=6))
def test_an_environment_is_right_or_all_is_told(variables: dict[str, str]) -> None:
    told = []
    try:
        found = environment.arguments(variables)
    except ConfigError as error:
        told = error.problems
        found = {"default_model": "m", "deployments": Deployment("https://h.example/v1")}
    Client(**found).close()
    assert all(words for _, words in told)
