# One transport for each server that is trusted in a way of its own.

from helpers import Scratch, error_of

from thinwire.core import adapters
from thinwire.core.errors import ConnectError
from thinwire.core.providers.origins import TransportByOrigin, certificates
from thinwire.core.request.http_request import Request
from thinwire.core.sync import run


class Told:
    """A transport that says what it was made with."""

    name = "told"
    concurrent = False

    def __init__(self, *made):
        self.made = made
        self.sent = []
        self.closed = 0

    async def send(self, request):
        self.sent.append(request.target)
        return self

    async def aclose(self):
        self.closed += 1


class Replaced:
    """`default_transport` inside of `with`."""

    def __enter__(self):
        self.made = []
        self.before = adapters.default_transport
        adapters.default_transport = self.make
        return self.made

    def make(self, *arguments):
        self.made.append(Told(*arguments))
        return self.made[-1]

    def __exit__(self, *details):
        adapters.default_transport = self.before


def request(host, port=443, scheme="https"):
    authority = host if port == 443 else "%s:%d" % (host, port)
    return Request("GET", scheme, host, port, "/" + host, authority, [], None)


def test_each_server_has_its_own():
    with Scratch(b"CA") as path, Replaced() as made:
        own = {
            "https://any.example": {"verify": False},
            "https://ca.example:8443": {"add_ca": [path]},
        }
        transport = TransportByOrigin({}, own).open(True)
        for one in (
            request("other.example"),
            request("any.example"),
            request("any.example", 8443),
        ):
            run(transport.send(one))
        for _ in range(2):
            run(transport.send(request("CA.example", 8443)))
        run(transport.aclose())
    assert [one.made for one in made] == [
        (True, True, None, None, None),
        (True, False, None, None, None),
        (True, True, None, [b"CA"], None),
    ]
    sent = [one.sent for one in made]
    assert sent == [["/other.example", "/any.example"], ["/any.example"], ["/CA.example"] * 2]
    assert [one.closed for one in made] == [1, 1, 1]


def test_what_it_is_the_usual_one_says():
    with Replaced() as made:
        transport = TransportByOrigin({"verify": False}, {}).open(False)
    assert (transport.name, transport.concurrent) == ("told", False)
    assert made[0].made[:2] == (False, False)
    assert getattr(transport, "buffer_size", None) is None


def test_a_file_that_is_missing_is_an_error_of_its_server():
    with Replaced():
        own = {"https://ca.example": {"add_ca": ["/no/such.pem"]}}
        transport = TransportByOrigin({}, own).open(True)
        run(transport.send(request("other.example")))
        error = error_of(ConnectError, transport.send, request("ca.example"))
    assert str(error).startswith("add_ca: /no/such.pem cannot be read: ")


def test_certificates_are_read():
    with Scratch(b"CA") as path:
        assert certificates([path, path]) == [b"CA", b"CA"]
