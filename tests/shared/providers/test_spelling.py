from thinwire.core.providers.spelling import did_you_mean, nearest

NAMES = ["api_key", "api_key_env", "base_url", "timeouts", "retry"]


def test_what_was_meant_is_found():
    for word, meant in (
        ("base_ulr", "base_url"),
        ("baseUrl", "base_url"),
        ("base-url", "base_url"),
        ("bas_url", "base_url"),
        ("timeout", "timeouts"),
        ("rtery", "retry"),
        ("Retry", "retry"),
        ("api_key_evn", "api_key_env"),
    ):
        assert nearest(word, NAMES) == meant, word


def test_nothing_is_guessed_at_random():
    for word in ("temperature", "x", "", "models"):
        assert nearest(word, NAMES) == "", word


def test_words_for_an_error():
    assert did_you_mean("retyr", NAMES) == " (did you mean 'retry'?)"
    assert did_you_mean("zzz", ["b", "a"]) == ": known are a, b"
    assert did_you_mean("zzz", []) == ": known are none"
