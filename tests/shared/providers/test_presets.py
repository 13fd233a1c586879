# What is known of who serves models, and how it is found.

from helpers import error_of

from thinwire.core.providers import presets
from thinwire.core.routing.deployment import DIALECTS, URL, Deployment

NAMES = (
    "openai openrouter groq together fireworks deepseek mistral xai gemini zai dashscope minimax"
    " moonshot cerebras nvidia huggingface perplexity azure anthropic vllm sglang litellm ollama"
    " llamacpp lmstudio mlx"
).split()
LOCAL = NAMES[-7:]
KNOWN = (
    "name hosts display base_url base_url_env keys docs read dialect responses auth first_token"
    " stream_usage framing think_tags reasoning reasoning_models drop"
).split()


def test_all_presets_are_there_once():
    assert presets.names() == NAMES


def test_each_preset_is_whole():
    for name in NAMES:
        preset = presets.named(name)
        assert preset["name"] == name
        assert preset["display"], name
        assert isinstance(preset["keys"], list), name
        assert preset["docs"].startswith("https://"), name
        if "read" in preset:
            year, month, day = [int(part) for part in preset["read"].split("-")]
            assert (2026, 1, 1) <= (year, month, day) <= (2030, 12, 31), name
        assert preset.get("dialect", "openai") in dict(DIALECTS), name
        assert not preset.get("base_url", "").endswith("/"), name


def test_each_preset_has_only_what_somebody_reads():
    for name in NAMES:
        for field in presets.named(name):
            from thinwire.core.providers.options import Options

            assert field in KNOWN or hasattr(Options, field), (name, field)


def test_local_servers_have_no_hosts_and_time_to_load_a_model():
    for name in NAMES:
        preset = presets.named(name)
        local = name in LOCAL
        assert (not preset["hosts"]) == local, name
        assert preset.get("first_token", 15) == (120 if local else 15), name
        assert preset.get("base_url", "https:")[:5] == ("http:" if local else "https"), name
        if not local:
            assert preset["keys"], name


def test_what_is_no_name_finds_nothing():
    for name in ("", "nobody", "open", "openai ", "openai api.openai.com", "\n", "OpenAI", "-"):
        assert presets.named(name) == {}, name


def test_a_preset_is_found_by_its_host_and_by_what_is_below():
    for name in NAMES:
        for host in presets.named(name)["hosts"]:
            for spelled in (host, host.upper(), host + ".", "eu." + host, "a.b." + host):
                assert presets.of_host(spelled)["name"] == name, spelled


def test_a_base_url_leads_to_its_own_preset():
    for name in NAMES:
        preset = presets.named(name)
        if preset["hosts"] and "base_url" in preset:
            assert presets.of_host(URL(preset["base_url"]).host)["name"] == name


def test_a_part_of_a_host_is_nobodys():
    wrong = "xopenrouter.ai openrouter.ai.evil.example ai openrouter openai.com api.openai.co"
    wrong += " notapi.openai.com api.openai.com.evil.example localhost 127.0.0.1 a..b . com"
    for host in wrong.split() + ["", "docs", "api.groq.com,x", "https://api.groq.com"]:
        assert presets.of_host(host) == {}, host


def test_only_the_host_of_a_url_tells_whose_it_is():
    wrong = (
        "https://evil.example/?x=openrouter.ai",
        "https://evil.example/openrouter.ai/api/v1",
        "https://openrouter.ai.evil.example/api/v1",
        "https://my-openrouter.ai/api/v1",
        "https://127.0.0.1/openrouter.ai",
        "https://[::1]:8000/openrouter.ai",
        "https://localhost/openrouter.ai",
    )
    for url in wrong:
        deployment = Deployment(url, "sk")
        assert (deployment.provider, deployment.options) == ("", None), url
    # In plain text whoever is in between may have written the answer.
    plain = Deployment("http://openrouter.ai/api/v1", "sk", allow_insecure_http=True)
    assert plain.provider == ""
    for url in ("https://openrouter.ai/api/v1", "HTTPS://OpenRouter.AI:443/api/v1?a=b"):
        assert Deployment(url, "sk").provider == "openrouter", url


def test_what_is_looked_up_once_is_found_again():
    for _ in range(2):
        assert presets.look_up("groq")["display"] == "Groq"
        assert presets.look_up("", "api.groq.com")["name"] == "groq"
        assert presets.look_up("hill", "api.groq.com")["name"] == "groq"
        assert presets.look_up("xai", "api.groq.com")["name"] == "xai"
        assert presets.look_up("hill", "") == {}


def test_an_unknown_provider_without_a_url_is_an_error_that_lists_the_known():
    error = error_of(ValueError, Deployment, provider="grok")
    for word in ("'grok'", "base_url", "groq", "mlx"):
        assert word in str(error), error
