"""Which proxy the environment names for an address: one table for every transport."""

import pytest

from thinwire.cpython.proxies import EnvironmentProxies

PROXY = {"HTTPS_PROXY": "http://p:1"}

# NO_PROXY, and hosts (some with a port): those that are asked without the proxy, and others.
RULES = [
    ("", "", "a.test 10.1.2.3 [2001:db8::1]"),
    ("*", "a.test 10.1.2.3 [2001:db8::1]", ""),
    ("x.test,*", "a.test", ""),
    ("a.test", "a.test A.TEST a.test. b.a.test c.b.a.test", "xa.test a.test.org test"),
    (".a.test", "a.test b.a.test", "xa.test"),
    ("*.a.test", "a.test b.a.test", "xa.test"),
    (" A.Test. ,, x.test", "a.test x.test", "y.test"),
    ("a.test b.test", "a.test b.test", "c.test"),
    ("a.test:8080", "a.test:8080 b.a.test:8080", "a.test a.test:80"),
    ("*:8080", "a.test:8080 10.1.2.3:8080", "a.test"),
    ("a.test:https", "", "a.test"),
    ("a.test:²", "", "a.test a.test:2"),
    ("10.1.2.3", "10.1.2.3", "10.1.2.4 10.1.2.3.test"),
    ("10.1.2.3:8080", "10.1.2.3:8080", "10.1.2.3"),
    ("10.1.2.3/8", "10.1.2.3 10.200.0.1", "11.0.0.1 x10.test [::a01:203]"),
    ("10.0.0.0/99,a.test", "a.test", "10.0.0.0"),
    ("2001:db8::1", "[2001:db8::1] 2001:DB8:0::1", "[2001:db8::2]"),
    ("[2001:db8::1]", "[2001:db8::1]", "[2001:db8::2]"),
    ("[2001:db8::1]:8080", "[2001:db8::1]:8080", "[2001:db8::1]"),
    ("2001:db8::/32", "[2001:db8:ffff::1]", "[2001:db9::1] 10.1.2.3"),
    ("10.0.0.0/8", "[::ffff:10.1.2.3]", "[::ffff:11.1.2.3]"),
    ("::1/128,fd00::/8", "[fd00::1]", "a.test"),
    ("fe80::/10", "[fe80::1%eth0]", "[2001:db8::1]"),
    ("0.0.0.0/0", "1.2.3.4", "a.test localhost.test [2001:db8::1]"),  # no name is looked up
    ("http://a.test", "", "a.test"),
    (".", "", "a.test 10.1.2.3"),
]
HERE = "localhost LOCALHOST. a.localhost 127.0.0.1 127.9.9.9 [::1] ::1 0.0.0.0 [::ffff:127.0.0.1]"


def is_proxied(environment: dict[str, str], place: str) -> bool:
    host, mark, port = place.rpartition(":")
    if not mark or not port.isdigit() or (host.count(":") and not host.endswith("]")):
        host, port = place, "443"
    return EnvironmentProxies(environment).proxy_for("https", host, int(port)) is not None


@pytest.mark.parametrize(("value", "without", "through"), RULES, ids=lambda text: text or "-")
def test_who_is_asked_without_a_proxy(value: str, without: str, through: str) -> None:
    environment = {**PROXY, "NO_PROXY": value}
    assert [one for one in without.split() if is_proxied(environment, one)] == []
    assert [one for one in through.split() if not is_proxied(environment, one)] == []


@pytest.mark.parametrize("value", ["", "a.test", "[::1"])
def test_this_machine_is_not_asked_through_a_proxy(value: str) -> None:
    assert [one for one in HERE.split() if is_proxied({**PROXY, "NO_PROXY": value}, one)] == []


# The environment, and the proxies for http and for https as variable=url.
NAMED: list[tuple[dict[str, str], str, str]] = [
    ({}, "", ""),
    ({"NO_PROXY": "a"}, "", ""),
    ({"HTTP_PROXY": "http://p:1"}, "HTTP_PROXY=http://p:1", ""),
    ({"HTTPS_PROXY": "p:1"}, "", "HTTPS_PROXY=http://p:1"),
    ({"all_proxy": "socks5://p:1"}, "all_proxy=socks5://p:1", "all_proxy=socks5://p:1"),
    ({"ALL_PROXY": "a:1", "https_proxy": "b:1"}, "ALL_PROXY=http://a:1", "https_proxy=http://b:1"),
    ({"HTTP_PROXY": "a:1", "http_proxy": "b:1"}, "http_proxy=http://b:1", ""),
    ({"HTTP_PROXY": "a:1", "http_proxy": ""}, "", ""),
    ({"HTTP_PROXY": " "}, "", ""),
    ({"HTTP_PROXY": "a:1", "REQUEST_METHOD": "GET"}, "", ""),
    ({"http_proxy": "a:1", "REQUEST_METHOD": "GET"}, "http_proxy=http://a:1", ""),
    ({"HTTP_PROXY": "a:1", "NO_PROXY": "*"}, "", ""),
    ({"HTTP_PROXY": "a:1", "NO_PROXY": "*", "no_proxy": ""}, "HTTP_PROXY=http://a:1", ""),
    ({"HTTP_PROXY": "a:1", "NO_PROXY": "x", "no_proxy": "h.test"}, "", ""),
]


@pytest.mark.parametrize(("environment", "plain", "secure"), NAMED)
def test_which_variable_names_the_proxy(
    environment: dict[str, str], plain: str, secure: str
) -> None:
    proxies = EnvironmentProxies(environment)
    for scheme, port, wanted in (("http", 80, plain), ("https", 443, secure)):
        found = proxies.proxy_for(scheme, "h.test", port)
        assert ("" if found is None else f"{found.variable}={found.url}") == wanted


def test_what_no_address_is_asked_through_need_not_be_checked() -> None:
    assert EnvironmentProxies({**PROXY, "NO_PROXY": "a, *"}).named() == []
    assert [one.variable for one in EnvironmentProxies(PROXY).named()] == ["HTTPS_PROXY"]
