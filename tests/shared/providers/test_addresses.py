# What a host is by its words, and where a deployment may lead.

from helpers import error_of

from thinwire.core.providers.addresses import is_public, is_usual, kind
from thinwire.core.routing.deployment import Deployment

KEY = "sk-wire-0123456789"

# Kind -> hosts of it, as they stand in a URL.
KINDS = {
    "loopback": "localhost LOCALHOST localhost. a.localhost 127.0.0.1 127.255.255.254 127.1 0"
    " 0.0.0.0 0x7f000001 2130706433 0177.1 017700000001 0x7f.0.0.1 127.0.0.1. ::1 ::"
    " 0:0:0:0:0:0:0:1 ::1%lo ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:0:127.0.0.1 ::127.0.0.1"
    " 64:ff9b::127.0.0.1 2002:7f00:1:: 64:ff9b:1::7f00:1 fe80::5efe:7f00:1"
    " 2001:db8::200:5efe:127.0.0.1",
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 192.168.257"
    " 0xa000001 167772161 fc00:: fdff::1 fec0::1 feff::1 ::ffff:10.0.0.1 64:ff9b::c0a8:101"
    " 2002:0a00:0001:: box BOX box. printer.local PRINTER.LOCAL. nas.lan a.b.internal"
    " a.home.arpa host.docker.internal 0xg 08 1x",
    "link-local": "169.254.169.254 169.254.0.1 169.254.255.255 2852039166 0xa9fea9fe"
    " 0251.0376.43518 fe80::1 fe80::1%eth0 febf:ffff::1 ::ffff:169.254.169.254"
    " 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1",
    "metadata": "100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 FD00:0EC2:0::254"
    " fd20:ce::254 metadata.google.internal Metadata.Google.Internal. metadata instance-data"
    " metadata.goog ::ffff:100.100.100.200",
    "shared": "100.64.0.1 100.127.255.255 ::ffff:100.64.0.1",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ffff::",
    "reserved": "0.0.0.1 0.255.255.255 240.0.0.1 255.255.255.255 192.0.0.1 192.0.2.1 192.88.99.1"
    " 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 2001:db8::1 2001::1 2001:1ff::1 3fff::1"
    " 3fff:fff::1 100::1 5f00::1 ::5 ::ffff:0.0.0.1 64:ff9c::1 1::g 1:2 ::1.2.x.4"
    " 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 12345::",
    "public": "8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255"
    " 128.0.0.0 169.253.0.1 169.255.0.1 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1"
    " 192.167.0.1 192.169.0.1 192.88.98.1 198.17.0.1 198.20.0.1 198.51.101.1 203.0.114.1"
    " 223.255.255.255 134744072 0x08080808 8.8.2056 2606:4700::1111 2001:200::1"
    " 2001:4860:4860::8888 3fff:1000::1 3ffe::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::",
    "name": "api.openai.com h.test a.localhost.example evil-internal.example internal.example"
    " a.lan.example 169.254.169.254.example 1.2.3.4.5 256.1.1.1 1.2.3.256 127.0.0.1.nip.io"
    " 4294967296.x 0xg.1 08.1 1.65536.1.1.1",
}

UNUSUAL = (
    "0177.1 2130706433 0x7f.1 0x08080808 8.8.2056 134744072 010.8.8.8 8.8.8.8. 08.8.8.8"
    " 1.2.3.4.5 api.openai.com. a.0x1 a.1 a%31.example 1%2e1.example fe80::1%eth0"
    " 2606:4700::1111%1 ::ffff:8.8.8.8 ::ffff:808:808 64:ff9b::808:808 2002:808:808:: 1::g 1:2"
    " ::1.2.x.4 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 12345:: a,b.example"
    " 99999999999999999999999999999999 0x 0 1.2.3.256"
).split()
USUAL = (
    "8.8.8.8 10.0.0.1 api.openai.com API.OpenAI.com a_b.example 2606:4700::1111 ::1 x1"
    " 1password.com"
)

PUBLIC = (
    "8.8.8.8",
    "2606:4700::1111",
    b"\x08\x08\x08\x08",
    b"\x26\x06\x47\x00" + bytes(11) + b"\x11",
)
NOT_PUBLIC = (
    "127.0.0.1 10.0.0.1 169.254.169.254 fe80::1%2 ::1 fd00:ec2::254 ::ffff:8.8.8.8"
    " 64:ff9b::808:808 2002:808:808:: 100.64.0.1 224.0.0.1 name.example 1::g 1:2 ::1.2.x.4"
    " 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 12345::"
).split()
NOT_PUBLIC_BYTES = (
    b"\x7f\0\0\1",
    b"\xa9\xfe\xa9\xfe",
    bytes(15) + b"\1",
    bytes(10) + b"\xff\xff\x08\x08\x08\x08",
    b"\xfe\x80" + bytes(13) + b"\1",
)


def refused(url, key=None, **options):
    return str(error_of(ValueError, Deployment, url, key, **options))


def url_of(host, scheme="http"):
    return "%s://%s/v1" % (scheme, "[%s]" % host if ":" in host else host)


def test_what_a_host_is():
    for want, hosts in KINDS.items():
        for host in hosts.split():
            assert kind(host) == want, (host, kind(host), want)


def test_unusual_spellings():
    for host in UNUSUAL:
        assert not is_usual(host), host
    for host in USUAL.split():
        assert is_usual(host), host


def test_what_a_resolver_gives():
    for address in PUBLIC:
        assert is_public(address), address
    for address in NOT_PUBLIC:
        assert not is_public(address), address
    for raw in NOT_PUBLIC_BYTES:
        assert not is_public(raw), raw


def test_https_goes_anywhere():
    for host in (
        "api.openai.com",
        "10.0.0.1",
        "127.0.0.1",
        "box",
        "100.64.0.1",
        "2606:4700::1111",
    ):
        assert Deployment(url_of(host, "https"), KEY).api_key == KEY


def test_http_goes_to_this_machine_with_a_key():
    for host in ("localhost", "127.0.0.1", "127.0.0.2", "::1", "0.0.0.0", "127.1"):
        assert Deployment(url_of(host), KEY).api_key == KEY


def test_http_goes_to_private_places_without_a_key():
    for (
        host
    ) in "10.0.0.1 192.168.1.9 172.20.0.1 fd12::1 box a.local a.lan host.docker.internal".split():
        for key in (None, ""):
            assert Deployment(url_of(host), key).url.host == host
        text = refused(url_of(host), KEY)
        assert "allow_insecure_http=True" in text, text
        assert "plain text" in text, text
        assert KEY not in text
        assert Deployment(url_of(host), KEY, allow_insecure_http=True).api_key == KEY


def test_whatever_holds_a_key_is_one():
    for name in ("Authorization", "api-key", "X-API-Key", "Cookie"):
        text = refused("http://box/v1", extra_headers={name: KEY})
        assert "plain text" in text, text
        assert KEY not in text
    for query in ("key=" + KEY, "a=1&API_KEY=" + KEY, "access_token=" + KEY):
        text = refused("http://box/v1?" + query)
        assert "plain text" in text, text
        assert KEY not in text
    assert refused("http://box/v1", lambda: KEY)
    assert Deployment("http://box/v1?v=1", extra_headers={"X-Title": "t"}).url.query == "v=1"


def test_http_goes_nowhere_else():
    for (
        host
    ) in "api.example 8.8.8.8 100.64.0.1 2606:4700::1111 224.0.0.1 evil.internal.example".split():
        text = refused(url_of(host))
        assert "use https" in text, text
        assert "allow_insecure_http=True" in text, text
        assert Deployment(url_of(host), KEY, allow_insecure_http=True).url.host == host


def test_metadata_services_are_never_asked():
    hosts = "169.254.169.254 0xa9fea9fe 2852039166 fd00:ec2::254 ::ffff:a9fe:a9fe 100.100.100.200"
    for host in hosts.split():
        for scheme in ("http", "https"):
            for options in ({}, {"allow_insecure_http": True}):
                assert "allow_private=True" in refused(url_of(host, scheme), **options), host
            assert Deployment(url_of(host, scheme), allow_private=True).url.host == host
    assert "a metadata service" in refused("http://metadata.google.internal")
    for name in ("metadata.google.internal", "Metadata.goog", "instance-data"):
        assert "a metadata service" in refused("https://" + name)
    assert "a metadata service" in refused(
        "http://metadata.google.internal", allow_insecure_http=True
    )
    assert "plain text" in refused("http://169.254.0.9", KEY, allow_private=True)
    assert Deployment("http://169.254.0.9", KEY, allow_private=True, allow_insecure_http=True)


def test_urls_of_strangers_lead_to_the_internet_only():
    for want, hosts in KINDS.items():
        for host in hosts.split():
            if want not in ("public", "name") and kind(host) == want:
                try:
                    Deployment(url_of(host, "https"), KEY, allow_private=False)
                except ValueError as error:
                    assert "base_url" in str(error), error
                else:
                    assert False, host
    for host in UNUSUAL:
        assert error_of(ValueError, Deployment, url_of(host, "https"), allow_private=False)
    for host in ("8.8.8.8", "api.openai.com", "2606:4700::1111"):
        assert (
            Deployment(url_of(host, "https"), KEY, allow_private=False).options.allow_private
            is False
        )
        assert "use https" in refused(url_of(host), allow_private=False)
        assert Deployment(url_of(host), allow_private=False, allow_insecure_http=True)
    text = refused("https://10.0.0.1/v1", KEY, allow_private=False)
    assert text.startswith(
        "base_url https://10.0.0.1: 10.0.0.1 is not allowed: it is a private"
    ), text
    assert "without a dot at its end" in refused("https://a.example./v1", allow_private=False)
