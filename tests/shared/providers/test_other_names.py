# The file of the application NEXUS3, as its users have it: its fields, written anew.

from helpers import error_of

from thinwire import ConfigError
from thinwire.core.providers.config import Config
from thinwire.core.providers.other_names import plain
from thinwire.core.providers.schema import Walk

ENV = {"OPENROUTER_API_KEY": "sk-or", "HOME": "/root"}


def document():
    return {
        "default_model": "quick",
        "providers": {
            "openrouter": {
                "type": "openrouter",
                "api_key_env": "OPENROUTER_API_KEY",
                "base_url": "https://openrouter.ai/api/v1",
                "request_timeout": 120.0,
                "max_retries": 3,
                "retry_backoff": 1.5,
                "models": {
                    "quick": {"id": "x-ai/one", "context_window": 2000000, "guidance": "Fast."},
                    "deep": {"id": "openai/two", "context_window": 400000, "reasoning": False},
                },
            },
            "anthropic": {
                "type": "anthropic",
                "api_key_env": "ANTHROPIC_API_KEY",
                "base_url": "https://api.anthropic.com",
                "auth_method": "x-api-key",
                "api_version": None,
                "deployment": None,
                "allow_insecure_http": False,
                "prompt_caching": True,
                "extra_headers": {},
                "models": {"native": {"id": "claude", "guidance": None}},
            },
            "corp-any": {
                "type": "openai",
                "base_url": "https://llm.corp.example/v1",
                "api_key_env": "CORP_KEY",
                "verify_ssl": False,
                "models": {"corp": {"id": "llama-3-70b", "context_window": 8192}},
            },
            "corp-ca": {
                "type": "openai",
                "base_url": "https://ca.corp.example/v1",
                "api_key_env": "CORP_KEY",
                "ssl_ca_cert": "/no/such/corp.crt",
                "models": {"corp-ca": {"id": "llama-3-70b"}},
            },
            "azure": {
                "type": "azure",
                "base_url": "https://me.openai.azure.com",
                "api_key_env": "AZURE_OPENAI_KEY",
                "api_version": "2024-02-01",
                "deployment": "my-gpt",
                "models": {"cloud": {"id": "gpt-4o"}},
            },
            "ollama": {
                "type": "ollama",
                "auth_method": "none",
                "models": {"home": {"id": "q:8b"}},
            },
        },
        "stream_output": True,
        "max_tool_iterations": 100,
        "default_permission_level": "trusted",
        "skill_timeout": 120.0,
        "max_concurrent_tools": 10,
        "compaction": {"enabled": True, "model": "quick"},
        "mcp_servers": [{"name": "test", "command": ["a", "b"]}],
        "context": {"include_readme": False},
    }


def test_it_loads_as_it_is():
    made = Config(document(), ENV)
    assert made.default_model == "quick"
    names = ["cloud", "corp", "corp-ca", "deep", "home", "native", "quick"]
    assert sorted(made.deployments) == names
    quick = made.deployments["quick"]
    assert (quick.model, quick.api_key, quick.provider) == ("x-ai/one", "sk-or", "openrouter")
    native = made.deployments["native"]
    assert (native.dialect, native.url.path) == ("anthropic", "/v1")
    assert made.deployments["corp"].base_url == "https://llm.corp.example/v1"
    cloud = made.deployments["cloud"]
    assert "/openai/deployments/my-gpt" in cloud.url.path
    assert cloud.model == "my-gpt"
    home = made.deployments["home"]
    assert (home.base_url, home.api_key) == ("http://127.0.0.1:11434/v1", "")


def test_timeouts_and_retries_are_obeyed():
    quick = Config(document(), ENV).deployments["quick"]
    limits, retry = quick.timeouts, quick.retry
    waits = (limits.connect, limits.first_token, limits.progress, limits.liveness, limits.upload)
    assert waits == (120000,) * 5
    assert limits.total is None
    assert (retry.attempts, retry.multiplier, retry.cap) == (4, 1.5, 10)
    # Its waits were 1 to 2 s, 1.5 to 2.5 s, ...
    assert [retry.backoff_ms(1, fraction) for fraction in (0, 1)] == [1000, 2000]
    assert retry.backoff_ms(2, 0) == 1500


def test_whom_to_trust_is_a_matter_of_each_server():
    found = Config(document(), ENV).arguments()
    assert "verify" not in found
    transport = found["transport"]
    own = transport.own
    assert own["https://llm.corp.example"] == {"verify": False}
    assert own["https://ca.corp.example"] == {"add_ca": ["/no/such/corp.crt"]}
    assert own["https://openrouter.ai"] == {}


def test_its_older_form_has_models_at_the_top():
    older = {
        "providers": {"openrouter": {"type": "openrouter"}, "anthropic": {"type": "anthropic"}},
        "models": {"claude": {"provider": "anthropic", "model_id": "claude-4"}},
    }
    made = Config(older, {"ANTHROPIC_API_KEY": "sk-ant"})
    assert made.default_model == "claude"
    assert (made.deployments["claude"].model, made.deployments["claude"].api_key) == (
        "claude-4",
        "sk-ant",
    )


def test_the_provider_of_the_default_model_may_be_named():
    found = document()
    found["default_model"] = "openrouter/deep"
    assert Config(found, ENV).default_model == "deep"


def test_a_name_in_two_providers_is_an_error():
    found = document()
    found["providers"]["ollama"]["models"]["quick"] = {"id": "x"}
    problems = error_of(ConfigError, Config, found, ENV).problems
    assert [path for path, _ in problems] == ["providers.openrouter.models.quick"]


def test_what_is_said_in_both_words_is_merged():
    found = document()
    quick = found["providers"]["openrouter"]
    quick["timeouts"] = {"connect": 5}
    quick["retry"] = 2
    made = Config(found, ENV).deployments["quick"]
    assert (made.timeouts.connect, made.timeouts.progress) == (5000, 120000)
    assert (made.retry.attempts, made.retry.multiplier) == (2, 1.5)


def test_a_number_of_tries_alone():
    walk = Walk(ENV.get)
    assert plain({"max_retries": 0}, "p", walk) == {"retry": {"attempts": 1}}
    assert plain({"retry_backoff": 2}, "p", walk)["retry"]["multiplier"] == 2
    assert walk.problems == []


def test_reasoning_is_asked_for():
    walk = Walk(ENV.get)
    asked = {"params": {"reasoning_effort": "high"}}
    assert plain({"reasoning": True}, "p", walk) == asked
    assert plain({"reasoning": True, "params": asked["params"]}, "p", walk) == asked
    assert plain({"reasoning": False}, "p", walk) == {}
    assert plain({"reasoning": "effort"}, "p", walk) == {"reasoning": "effort"}
