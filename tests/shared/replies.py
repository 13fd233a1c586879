"""A client of a script, for calls of any endpoint; runs on both runtimes."""

import asyncio
import json

from streams import KEY, ONCE

from thinwire.core.client import AsyncClient
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

JSON = {"content-type": "application/json", "x-request-id": "r1"}
SSE = {"content-type": "text/event-stream"}
FAST = RetryPolicy(3, base=0.001)


def reply(*pieces, status=200, headers=JSON, framed=True):
    return ScriptedReply(list(pieces), status, headers, framed)


def client(kind, *replies, deployments=None, **options):
    """A client of a script, which is its `transport`."""
    options.setdefault("retry", ONCE)
    deployments = deployments or Deployment("https://a.test/v1", KEY, "id-1")
    return kind("a", deployments, transport=ScriptedTransport(list(replies)), **options)


def chain():
    return {
        "a": Deployment("https://a.test/v1", KEY, "id-1"),
        "b": Deployment("https://b.test/v2?zone=7", KEY, "id-2", extra_headers={"X-B": "1"}),
    }


def done(value):
    """What a call gives, of whichever client."""
    return asyncio.run(value) if hasattr(value, "send") else value


def finish(method, *given, **options):
    """The same, from the call on."""
    return done(method(*given, **options))


def sent(made, number=0):
    return json.loads(made.transport.sent[number])


KINDS = (Client, AsyncClient)
