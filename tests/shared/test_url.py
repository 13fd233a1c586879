from helpers import error_of

from thinwire.core.routing.deployment import URL

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
    ("http://h:65536", "port"),
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
