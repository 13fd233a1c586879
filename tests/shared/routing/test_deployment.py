from helpers import error_of

from thinwire.core.routing import deployment as module
from thinwire.core.routing.deployment import URL, Deployment
from thinwire.core.routing.policy import RetryPolicy, Timeouts

BASE = "https://h.example/v1"
KEY = "sk-secret"


def make(**options):
    return Deployment(BASE, KEY, "m", **options)


def test_fields_and_their_defaults():
    deployment = Deployment(BASE)
    assert deployment.base_url == BASE
    assert deployment.url.host == "h.example"
    assert (deployment.api_key, deployment.model) == (None, None)
    assert (deployment.extra_headers, deployment.extra_body) == ({}, {})
    assert deployment.stream_usage
    assert deployment.framing == "auto"
    assert (deployment.timeouts, deployment.retry) == (None, None)
    assert (deployment.provider_order, deployment.allow_fallbacks) == ((), None)
    assert deployment.session_affinity is False


def test_a_dialect_says_which_header_has_the_key():
    assert make().headers() == []
    assert make().headers("Authorization", "Bearer x") == [("Authorization", "Bearer x")]
    assert make().headers("Authorization", "") == []


def test_extra_headers_come_with_the_key():
    headers = make(extra_headers={"X-Title": "t"}).headers("X-Key", "x")
    assert sorted(headers) == [("X-Key", "x"), ("X-Title", "t")]


def test_an_own_authorization_wins_in_any_case():
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        headers = make(extra_headers={name: "mine"}).headers("Authorization", "Bearer x")
        assert headers == [(name, "mine")]


def test_mappings_are_copied():
    headers, body = {"A": "b"}, {"c": 1}
    deployment = make(extra_headers=headers, extra_body=body)
    headers["A"] = "changed"
    body["c"] = 2
    assert deployment.extra_headers == {"A": "b"}
    assert deployment.extra_body == {"c": 1}


def test_fields_cannot_be_set_or_deleted():
    deployment = make()
    names = "base_url api_key model extra_headers extra_body timeouts retry provider_order new"
    for name in names.split():
        error_of(AttributeError, setattr, deployment, name, "x")
        error_of(AttributeError, delattr, deployment, name)
    assert deployment.api_key == KEY


def test_a_refusal_to_set_names_no_value():
    assert "sk-" not in str(error_of(AttributeError, setattr, make(), "api_key", "sk-new"))


def test_repr_and_str_hide_the_key_and_all_header_values():
    deployment = make(extra_headers={"X-Key": "also-secret"}, extra_body={"k": "body-secret"})
    for text in (repr(deployment), str(deployment)):
        assert "secret" not in text
        assert text == "Deployment('https://h.example/v1', api_key='***', model='m')"


def test_repr_hides_a_query_which_may_be_a_key():
    deployment = Deployment(BASE + "?key=secret")
    assert repr(deployment) == "Deployment('https://h.example/v1?***', api_key=None, model=None)"


def test_keys_no_header_can_carry_are_refused_and_not_repeated():
    for key in ("sk-secret\n", "sk-\r\nX: secret", "secret\x00", "sécret"):
        error = error_of(ValueError, Deployment, BASE, key)
        assert "Authorization" in str(error)
        assert "cret" not in str(error)


def test_white_space_around_a_key_or_a_header_is_named_when_it_is_made():
    for key in (" ", "sk-secret ", " sk-secret", "sk-secret\t", "\n"):
        error = error_of(ValueError, Deployment, BASE, key)
        assert "api_key begins or ends with white space" in str(error), error
        assert "secret" not in str(error)
    for value in ("my bot ", " my bot", "\tmy bot", " "):
        error = error_of(ValueError, make, extra_headers={"X-Title": value})
        assert "'X-Title' begins or ends with white space" in str(error), error
        assert "bot" not in str(error)
    assert make(extra_headers={"X-Title": "my bot"}).extra_headers == {"X-Title": "my bot"}


def test_a_key_is_a_text():
    for key in (5, ["sk-secret"]):
        error = error_of(TypeError, Deployment, BASE, key)
        assert "api_key takes a str" in str(error), error
        assert "secret" not in str(error)


def test_a_header_is_given_once_in_any_case():
    error = error_of(ValueError, make, extra_headers={"X-A": "1", "x-a": "2"})
    assert "is given twice" in str(error), error


# Hosts that an HTTP library or a name lookup would refuse at the first call, and those it takes.
NO_HOSTS = (
    "256.1.1.1 1.2.3.256 01.2.3.4 999.0.0.1 a..b .a .. [::g] [1:2] [:::] [1::2::3] [::1 [a:b]"
    " [1:2:3:4:5:6:7:8:9] [::1.2.3] [::1.2.3.256] [1:2:3:4:5:6:7:8::] [12345::] [1.2.3.4] []"
).split() + ["a" * 64, "a." * 130 + "b", "[:"]
HOSTS = (
    "1.2.3.4 0.0.0.0 255.255.255.255 1.2.3 1.2.3.4.5 h. a-b a_b [::] [::1] [1::] [fe80::1%25eth0]"
    " [1:2:3:4:5:6:7:8] [::ffff:1.2.3.4] [1:2:3:4:5:6:1.2.3.4] [2001:DB8::a] localhost"
).split() + ["a" * 63 + ".b"]

ANY = {"allow_private": True, "allow_insecure_http": True}


def test_hosts():
    for host in NO_HOSTS:
        error_of(ValueError, Deployment, "http://%s/v1" % host)
    for host in HOSTS:
        assert Deployment("http://%s:8/v1" % host, **ANY).url.port == 8, host


def test_an_address_has_an_end():
    error = error_of(ValueError, Deployment, "http://h/" + "x" * 8000)
    assert "more than 8000 characters" in str(error), error
    assert Deployment("http://h/" + "x" * 7900).url.host == "h"


def test_headers_that_would_smuggle_another_are_refused():
    for name, value in [("A", "b\r\nC: d"), ("A\r\nB", "c"), ("A: b\r\nC", "d"), ("", "x")]:
        error_of(ValueError, make, extra_headers={name: value})


def test_bad_urls_are_refused_when_made():
    for url in ("", "h", "https://user:secret@h", "https://h/\r\n"):
        error = error_of(ValueError, Deployment, url, KEY)
        assert "secret" not in str(error)


def test_what_was_read_as_bytes_is_named():
    for name in ("base_url", "api_key", "model"):
        for kind in (bytes, bytearray):
            fields = {"base_url": BASE, name: kind(b"http://h/sk-1")}
            error = error_of(TypeError, Deployment, **fields)
            assert str(error) == "%s is bytes, and has to be text: %s.decode()" % (name, name)


def test_a_model_that_is_no_text():
    # exoclaw has its extra_headers in that place.
    for model in ({"X-Title": "t"}, 5):
        error = error_of(TypeError, Deployment, BASE, "k", model)
        assert str(error) == "model takes a str or None, not %s" % type(model).__name__


def test_own_limits_and_retries():
    limits, retry = Timeouts(), RetryPolicy()
    deployment = make(timeouts=limits, retry=retry)
    assert deployment.timeouts is limits
    assert deployment.retry is retry


def test_the_framing_is_one_of_three():
    for framing in ("auto", "chunked", "length"):
        assert make(framing=framing).framing == framing
    for framing in ("", "Chunked", 7, "identity"):
        error = error_of(ValueError, make, framing=framing)
        assert "'auto', 'chunked' or 'length'" in str(error), error


def test_a_provider_order_is_a_list_and_is_copied():
    error = error_of(TypeError, make, provider_order="azure")
    assert "must be a list of names" in str(error), error
    names = ["x"]
    deployment = make(provider_order=names)
    names.append("y")
    assert deployment.provider_order == ("x",)


# Text, then scheme, host, port, path, query.
GOOD = [
    ("https://api.openai.com/v1", "https", "api.openai.com", 443, "/v1", ""),
    ("https://api.openai.com/v1/", "https", "api.openai.com", 443, "/v1", ""),
    ("http://h", "http", "h", 80, "", ""),
    ("http://h/", "http", "h", 80, "", ""),
    ("HTTP://h", "http", "h", 80, "", ""),
    ("Https://h//a//", "https", "h", 443, "//a", ""),
    ("http://h:8080/v1", "http", "h", 8080, "/v1", ""),
    ("http://h:80", "http", "h", 80, "", ""),
    ("https://h:80", "https", "h", 80, "", ""),
    ("http://h:/v1", "http", "h", 80, "/v1", ""),
    ("http://h:65535", "http", "h", 65535, "", ""),
    ("http://127.0.0.1:1", "http", "127.0.0.1", 1, "", ""),
    ("http://[::1]", "http", "::1", 80, "", ""),
    ("http://[::1]:8080/v1", "http", "::1", 8080, "/v1", ""),
    ("https://[2001:db8::1]:/", "https", "2001:db8::1", 443, "", ""),
    ("https://h/v1?api-version=1&x=y", "https", "h", 443, "/v1", "api-version=1&x=y"),
    ("https://h?x=/y/", "https", "h", 443, "", "x=/y/"),
    ("https://h/v1/?", "https", "h", 443, "/v1", ""),
    ("https://h/a@b:c", "https", "h", 443, "/a@b:c", ""),
    ("https://h/%7Ea", "https", "h", 443, "/%7Ea", ""),
    ("https://r.openai.azure.com/d/gpt-4o", "https", "r.openai.azure.com", 443, "/d/gpt-4o", ""),
]

# Text, then a word of the refusal.
BAD = [
    ("", "empty"),
    (None, "empty"),
    (b"http://h", "empty"),
    ("h/v1", "http://"),
    ("localhost:8000/v1", "'localhost:8000/v1' does not start with http:// or https://"),
    ("user:secret@h/v1?key=secret", "'h/v1' does not start"),
    ("api.openai.com:443", "http://"),
    ("ftp://h", "http://"),
    ("://h", "http://"),
    (" http://h", "http://"),
    ("http:/h", "http://"),
    ("http://", "no host"),
    ("http:///v1", "no host"),
    ("http://:80", "no host"),
    ("http://?x", "no host"),
    ("http://a[b", "no host"),
    ("http://a]b", "no host"),
    ("http://[::1", "brackets"),
    ("http://[]", "brackets"),
    ("http://[h]:80", "brackets"),
    ("http://[::1]x", "port"),
    ("http://[::1]80", "port"),
    ("http://::1/", "no host"),
    ("http://fe80::1/", "port"),
    ("http://h:0", "port"),
    ("http://h:65536", "port after its host: 'h:65536'"),
    ("http://h:x", "port"),
    ("http://h:-1", "port"),
    ("http://h:1:2", "port"),
    ("http://user@h", "user name"),
    ("http://user:secret@h", "user name"),
    ("http://h/#a", "fragment"),
    ("http://h/a b", "' '"),
    ("http://h/a\r\nX: y", "character"),
    ("http://h/\x00", "character"),
    ("http://h/\x7f", "character"),
    ("http://h\\a", "character"),
    ('http://h/"', "character"),
    ("http://h/{a}", "'{'"),
    ("http://höst", "character"),
]


def test_parts_of_a_base_url():
    for text, scheme, host, port, path, query in GOOD:
        url = URL(text)
        got = (url.scheme, url.host, url.port, url.path, url.query)
        assert got == (scheme, host, port, path, query), (text, got)


def test_refusals_say_what_is_wrong():
    for text, word in BAD:
        error = error_of(ValueError, URL, text)
        assert word in str(error), (text, error)
        assert "secret" not in str(error)


def test_what_a_url_prints_as_parses_to_the_same():
    for row in GOOD:
        url = URL(row[0])
        again = URL(str(url))
        assert str(again) == str(url)
        assert (again.host, again.port, again.path) == (url.host, url.port, url.path)


def test_the_target_stands_between_path_and_query():
    for text, want in [
        ("https://h", "/chat"),
        ("https://h/v1/", "/v1/chat"),
        ("https://h/v1?a=b", "/v1/chat?a=b"),
        ("https://h?a=b", "/chat?a=b"),
    ]:
        assert URL(text).target("/chat") == want


def test_the_authority_has_brackets_but_no_default_port():
    for text, want in [
        ("https://h:443/v1", "h"),
        ("https://h:80", "h:80"),
        ("http://h:80", "h"),
        ("http://h:443", "h:443"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:8080", "[::1]:8080"),
    ]:
        assert URL(text).authority() == want


# Base URLs that hold what is added to them, and the target of a request.
WHOLE = [
    ("http://h/v1/chat/completions", "/v1/chat/completions"),
    ("http://h/v1/chat/completions/", "/v1/chat/completions"),
    ("http://h/chat/completions", "/chat/completions"),
    ("http://h/d/chat/completions?api-version=1", "/d/chat/completions?api-version=1"),
]


def test_a_base_url_with_the_whole_path_is_taken_as_meant():
    told = []
    warn, module.warn = module.warn, told.append
    try:
        for text, target in WHOLE:
            assert Deployment(text).url.target("/chat/completions") == target, text
        assert len(told) == len(WHOLE), told
        assert "leave it out" in told[0], told
        for text in ("http://h/v1", "http://h/chat", "http://h/v1/completions"):
            Deployment(text)
        assert len(told) == len(WHOLE), told
    finally:
        module.warn = warn


def test_headers_that_frame_a_request_are_refused():
    for name in ("Content-Length", "transfer-encoding"):
        error = error_of(ValueError, Deployment, BASE, extra_headers={name: "5"})
        assert name in str(error), error


def test_firmware_without_options_still_has_https():
    def without(name):
        raise ImportError(name)

    kept, module.import_module = module.import_module, without
    try:
        made = Deployment("https://api.test/v1", "key", "id")
        assert made.url.scheme == "https"
        assert made.options is None
        for given in ({"provider": "groq"}, {"base_url": "https://api.test/v1", "drop": ("n",)}):
            said = error_of(ImportError, Deployment, **given)
            assert "thinwire.core.providers.options" in str(said), said
    finally:
        module.import_module = kept
