# allow_private=False: what a name was found to be, and who may look it up.

from helpers import error_of
from streams import ANSWER, HELLO, ONCE

from thinwire.core.errors import ConnectError
from thinwire.core.providers import public_only
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

URL = "https://h.example/v1"


class Pinning(ScriptedTransport):
    asked = None

    def check_pins(self, place):
        self.asked = place
        if self.asked.host == "proxied.example":
            raise public_only.refused("a proxy")


class Native(ScriptedTransport):
    check_pins = None


def test_public_addresses_are_let_through():
    public_only.require("h.example", ["8.8.8.8", "2606:4700::1111", b"\x08\x08\x08\x08"])
    public_only.require("h.example", [])


def test_one_that_is_not_public_is_enough():
    for one in ("10.0.0.1", "::1", "fe80::1%2", "::ffff:8.8.8.8", b"\x7f\0\0\1", bytes(16)):
        error = error_of(ConnectError, public_only.require, "h.example", ["8.8.8.8", one])
        assert (error.kind, error.retryable) == ("address", False)
        assert str(error).startswith("h.example is not allowed: "), error
        assert "10.0.0.1" not in str(error)


def test_a_transport_is_asked_when_the_client_is_made():
    for kind in (Pinning, Native):
        transport = kind([ScriptedReply([ANSWER]), ScriptedReply([ANSWER])])
        models = {"a": Deployment(URL, allow_private=False), "b": Deployment(URL)}
        client = Client("a", models, transport=transport, retry=ONCE)
        assert kind is Native or transport.asked.host == "h.example"
        for model in ("a", "b"):
            assert client.chat(HELLO, model=model).content == "Hello"
        assert [one.public_only for one in transport.requests] == [True, False]


def test_who_looks_names_up_elsewhere_is_refused():
    strict = Deployment(URL, allow_private=False)
    error = error_of(ValueError, Client, "a", strict, transport=ScriptedTransport([]))
    assert "with an own transport" in str(error), error
    strict = Deployment("https://proxied.example/v1", allow_private=False)
    error = error_of(ValueError, Client, "a", strict, transport=Pinning([]))
    assert str(error).startswith("allow_private=False cannot be had with a proxy"), error


def test_ids_that_nobody_declared_are_held_to_it_as_well():
    models = {"a": Deployment(URL), "*": Deployment(URL, allow_private=False)}
    error_of(ValueError, Client, "a", models, transport=ScriptedTransport([]))
    transport = Pinning([ScriptedReply([ANSWER]), ScriptedReply([ANSWER])])
    client = Client("a", models, transport=transport, retry=ONCE)
    for model in ("a", "vendor/any"):
        assert client.chat(HELLO, model=model).content == "Hello"
    assert [one.public_only for one in transport.requests] == [False, True]


def test_other_endpoints_are_held_to_it_as_well():
    transport = Pinning([ScriptedReply([b"{}"])])
    client = Client("a", Deployment(URL, allow_private=False), transport=transport, retry=ONCE)
    with client.get("/things") as reply:
        assert reply.json() == {}
    assert transport.requests[0].public_only
