"""A response that is not fresh, and a request that is sent twice, of clients of the user's own.

simonw/llm#404, cbcoutinho/nextcloud-mcp-server#1113 (hooks that read), lundberg/respx#163 and
h2non/pook#122 (mocks), TauricResearch/TradingAgents#926, openai/openai-python#1156 (auth that
sends again).
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hishel
import hishel.httpx
import hishel.httpx2
import httpx
import httpx_retries
import pytest
import respx
from pytest_httpx import HTTPXMock
from support.own_clients import EVENTS, KINDS, STREAM, Kind

from thinwire import (
    AsyncClient,
    Base64File,
    Client,
    Deployment,
    EncodeError,
    StatusError,
    StreamError,
    TextStream,
    ThinwireError,
    Timeouts,
)
from thinwire.testing import MockReply, MockServer, Send, status_reply, text_reply

MOCK = "https://mock.internal/v1"
DIGEST = [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')]
SECRETS = [f"secret of {name}" for name in ("alice", "bob", "carol", "dave")]
of_each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server
        assert server.errors == []


def bodies(server: MockServer) -> list[bytes | None]:
    return [request.body for request in server.requests]


# What was read is the answer.


@of_each_kind
def test_each_gets_the_own_answer_where_a_hook_has_read_it(kind: Kind, server: MockServer) -> None:
    own = kind.client(event_hooks=kind.hook("read"))
    assert kind.ask(own, server, *SECRETS) == SECRETS
    assert server.connections == 1


@of_each_kind
def test_each_gets_the_own_answer_at_a_time(kind: Kind, server: MockServer) -> None:
    own = kind.client(event_hooks=kind.hook("read"))
    models = {"echo": Deployment(server.base_url)}

    def ask(client: Any, text: str) -> Any:
        return client.chat([{"role": "user", "content": text}])

    async def together() -> list[Any]:
        async with own, AsyncClient("echo", models, http_client=own, retry=1) as client:
            return await asyncio.gather(*[ask(client, text) for text in SECRETS * 3])

    if kind.blocking:
        client = Client("echo", models, http_client=own, retry=1)
        with own, ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda text: ask(client, text), SECRETS * 3))
    else:
        found = asyncio.run(together())
    assert [one.content for one in found] == SECRETS * 3


@of_each_kind
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "identity"])
def test_what_a_hook_has_read_may_have_been_compressed(
    kind: Kind, server: MockServer, coding: str
) -> None:
    data = STREAM if coding == "identity" else gzip.compress(STREAM)
    headers = (*EVENTS.items(), ("Content-Encoding", coding))
    server.reply("echo", MockReply(headers=headers, steps=[Send(data)]))
    assert kind.ask(kind.client(event_hooks=kind.hook("read")), server) == ["Hello"]


@of_each_kind
def test_a_coding_that_nobody_decodes_is_named(kind: Kind) -> None:
    def answer(request: Any) -> Any:
        headers = {**EVENTS, "content-encoding": "zip"}
        return kind.module.Response(200, headers=headers, content=STREAM)

    (error,) = kind.ask(kind.client(transport=kind.transport(answer)), MOCK)
    assert "compressed its answer (zip)" in str(error)


@of_each_kind
def test_the_servers_words_are_kept_where_a_hook_has_read_them(
    kind: Kind, server: MockServer
) -> None:
    server.reply("echo", status_reply(401, "Incorrect API key", code="invalid_api_key"))
    (error,) = kind.ask(kind.client(event_hooks=kind.hook("read")), server)
    assert isinstance(error, StatusError)
    assert (error.kind, error.code) == ("auth", "invalid_api_key")
    assert "Incorrect API key" in str(error)


@of_each_kind
def test_a_document_that_a_hook_has_read(kind: Kind, server: MockServer) -> None:
    message = {"role": "assistant", "content": "whole"}
    document = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    kinds = (("Content-Type", "application/json"),)
    server.reply("echo", MockReply(headers=kinds, steps=[Send(json.dumps(document).encode())]))
    assert kind.ask(kind.client(event_hooks=kind.hook("read")), server) == ["whole"]


# What was read and is gone is an error, and no connection is read for it.


def used_up(response: Any) -> None:
    for _ in response.iter_bytes():
        pass


def begun(response: Any) -> None:
    next(response.iter_raw())


async def used_up_later(response: Any) -> None:
    async for _ in response.aiter_bytes():
        pass


async def begun_later(response: Any) -> None:
    await anext(response.aiter_raw())


def hooks_that_lose(kind: Kind) -> list[Any]:
    if kind.blocking:
        return [used_up, begun, lambda response: response.close()]
    return [used_up_later, begun_later, lambda response: response.aclose()]


@of_each_kind
@pytest.mark.parametrize("way", [0, 1, 2], ids=["used_up", "begun", "closed"])
def test_an_answer_that_a_hook_has_lost_is_an_error(
    kind: Kind, server: MockServer, way: int
) -> None:
    server.reply("echo", text_reply("lost " * 50))
    lose = hooks_that_lose(kind)[way]
    own = kind.client(event_hooks={"response": [lose]})
    models = {name: Deployment(server.base_url) for name in ("echo", "other")}
    options = {"deployments": models, "fallbacks": {"echo": ["other"]}, "retry": 3}
    (error,) = kind.ask(own, server, **options)
    assert isinstance(error, StreamError)
    assert "http_client" in str(error)
    assert "response.read()" in str(error)
    assert not error.retryable
    assert len(server.requests) == 1  # neither again nor elsewhere


@of_each_kind
def test_the_status_of_an_answer_that_a_hook_has_lost_still_counts(
    kind: Kind, server: MockServer
) -> None:
    server.reply("echo", status_reply(429, "later", retry_after=7))
    own = kind.client(event_hooks={"response": [hooks_that_lose(kind)[0]]})
    (error,) = kind.ask(own, server)
    assert (error.kind, error.status, error.retry_after_ms) == ("rate_limit", 429, 7000)
    assert "http_client" in str(error)


@pytest.mark.parametrize("kind", KINDS[1::2], ids=str)
def test_nobody_reads_along(kind: Kind, server: MockServer) -> None:
    async def read_beside(response: Any) -> None:
        tasks.append(asyncio.create_task(response.aread()))

    async def read_before(response: Any) -> None:
        await read_beside(response)
        for _ in range(100):
            await asyncio.sleep(0)

    tasks: list[asyncio.Task[bytes]] = []
    own = kind.client(event_hooks={"response": [read_beside]})
    assert kind.ask(own, server, *SECRETS) == SECRETS
    assert [type(task.exception()).__name__ for task in tasks] == ["StreamConsumed"] * 4
    server.reply("echo", *[text_reply(text, delay_ms=20) for text in SECRETS])
    found = kind.ask(kind.client(event_hooks={"response": [read_before]}), server, *SECRETS)
    for text, one in zip(SECRETS, found, strict=True):
        assert one == text or (isinstance(one, StreamError) and "http_client" in str(one))
    # Asked for, so that none is reported at the end of all tests.
    assert len([task.exception() for task in tasks if not task.cancelled()]) >= 4


# Hooks that raise.


@of_each_kind
@pytest.mark.parametrize("reads", [True, False])
def test_a_hook_that_raises_for_the_status(kind: Kind, server: MockServer, reads: bool) -> None:
    server.reply("echo", status_reply(401, "Incorrect API key", headers=[("x-request-id", "r7")]))
    hooks = kind.hooked(lambda response: response.raise_for_status())
    if reads:
        hooks["response"][:0] = kind.hook("read")["response"]
    (error,) = kind.ask(kind.client(event_hooks=hooks), server, retry=3)
    assert isinstance(error, StatusError)
    assert (error.kind, error.status, error.request_id) == ("auth", 401, "r7")
    assert ("Incorrect API key" in str(error)) == reads
    assert len(server.requests) == 1


@of_each_kind
def test_what_else_a_hook_raises_is_the_callers_own(kind: Kind, server: MockServer) -> None:
    def mine(response: Any) -> None:
        raise LookupError("mine")

    (error,) = kind.ask(kind.client(event_hooks=kind.hooked(mine)), server, retry=3)
    assert isinstance(error, LookupError)
    assert len(server.requests) == 1


@of_each_kind
def test_a_status_error_of_another_request_is_not_taken_for_the_answer(
    kind: Kind, server: MockServer
) -> None:
    def ask_another(response: Any) -> None:
        other = kind.module.Request("GET", "http://token.test/")
        kind.module.Response(403, request=other).raise_for_status()

    (error,) = kind.ask(kind.client(event_hooks=kind.hooked(ask_another)), server)
    assert isinstance(error, ThinwireError)
    assert error.status == 0


# Requests that are sent again.


class Renewing:
    """Renews its token after a 401; `reads` lets httpx read the answer before."""

    def __init__(self, token_url: str = "", reads: bool = False) -> None:
        self.requires_response_body = reads
        self._token_url = token_url

    def auth_flow(self, request: Any) -> Iterator[Any]:
        request.headers["Authorization"] = "Bearer old"
        response = yield request
        if response.status_code == 401:
            if self.requires_response_body:
                assert b"expired" in response.content
            if self._token_url:
                token = yield type(request)("GET", self._token_url)
                assert token.status_code == 200
            request.headers["Authorization"] = "Bearer new"
            yield request


def renewing(kind: Kind, *args: Any) -> Any:
    return type("Auth", (Renewing, kind.module.Auth), {})(*args)


@of_each_kind
@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_auth_that_renews_its_token(
    kind: Kind, server: MockServer, reads: bool, framing: Any
) -> None:
    server.reply("echo", status_reply(401, "expired"), text_reply("welcome"))
    own = kind.client(auth=renewing(kind, "", reads))
    models = {"echo": Deployment(server.base_url, framing=framing)}
    assert kind.ask(own, server, "a question", deployments=models) == ["welcome"]
    first, second = server.requests
    assert first.body == second.body != b""
    assert first.framing == second.framing
    assert second.header("authorization") == "Bearer new"


@of_each_kind
def test_auth_that_asks_elsewhere_in_between(kind: Kind, server: MockServer) -> None:
    server.reply("echo", status_reply(401, "expired"), text_reply("welcome"))
    with MockServer() as tokens:
        own = kind.client(auth=renewing(kind, tokens.base_url + "/models", True))
        assert kind.ask(own, server) == ["welcome"]
        assert [request.method for request in tokens.requests] == ["GET"]
    assert bodies(server)[0] == bodies(server)[1] != b""


@of_each_kind
def test_digest(kind: Kind, server: MockServer) -> None:
    server.reply("echo", status_reply(401, "who?", headers=DIGEST), text_reply("welcome"))
    own = kind.client(auth=kind.module.DigestAuth("user", "pass"))
    assert kind.ask(own, server) == ["welcome"]
    assert bodies(server)[0] == bodies(server)[1]
    assert (server.requests[1].header("authorization") or "").startswith("Digest ")


@of_each_kind
def test_digest_with_a_wrong_password(kind: Kind, server: MockServer) -> None:
    refused = status_reply(401, "who?", headers=DIGEST)
    server.reply("echo", refused, status_reply(401, "not you", headers=DIGEST))
    (error,) = kind.ask(kind.client(auth=kind.module.DigestAuth("user", "x")), server)
    assert (error.kind, "not you" in str(error)) == ("auth", True)


@of_each_kind
def test_a_large_body_with_files_is_read_again(
    kind: Kind, server: MockServer, tmp_path: Path
) -> None:
    path = tmp_path / "image"
    path.write_bytes(bytes(range(256)) * 800)
    parts = [Base64File(path), TextStream(lambda: iter(["é" * 70000, "end"]))]
    content = [{"type": "text", "text": part} for part in parts]
    server.reply("echo", status_reply(401, "expired"), text_reply("welcome"))
    question = [{"role": "user", "content": content}]
    assert kind.ask(kind.client(auth=renewing(kind)), server, question) == ["welcome"]
    first, second = bodies(server)
    assert first == second
    assert len(first or b"") > 400_000


@of_each_kind
@pytest.mark.parametrize("once", ["messages", "source"])
def test_what_can_be_read_only_once_is_not_sent_again(
    kind: Kind, server: MockServer, once: str
) -> None:
    server.reply("echo", status_reply(401, "expired"), text_reply("never"))
    message: dict[str, object] = {"role": "user", "content": "hi"}
    question: Any = iter([message])
    if once == "source":
        question = [{"role": "user", "content": TextStream(iter(["hi"]))}]
    (error,) = kind.ask(kind.client(auth=renewing(kind)), server, question, retry=3)
    assert isinstance(error, EncodeError)
    assert "http_client sends the request again" in str(error)
    assert "only once" in str(error)
    assert [request.body_whole for request in server.requests[1:]] in ([], [False])


@pytest.mark.parametrize("kind", KINDS[1::2], ids=str)
def test_a_produced_body_is_not_sent_again(kind: Kind, server: MockServer) -> None:
    server.reply("echo", status_reply(401, "expired"), text_reply("never"))

    async def produced() -> AsyncIterator[bytes]:
        yield b'{"model": "echo", "messages": [], "stream": true}'

    async def send() -> None:
        models = {"echo": Deployment(server.base_url)}
        async with kind.client(auth=renewing(kind)) as own:
            client = AsyncClient("echo", models, http_client=own)
            with pytest.raises(EncodeError, match="only once"):
                await client.send_streaming_body(produced())

    asyncio.run(send())
    assert [request.body_whole for request in server.requests[1:]] in ([], [False])


@of_each_kind
def test_a_request_that_a_hook_has_read(kind: Kind, server: MockServer) -> None:
    server.reply("echo", status_reply(401, "expired"), text_reply("welcome"))
    hooks = {"request": kind.hook("read")["response"]}
    own = kind.client(auth=renewing(kind), event_hooks=hooks)
    question: Any = iter(
        [{"role": "user", "content": "hi"}]
    )  # kept by httpx: it can be sent again
    assert kind.ask(own, server, question) == ["welcome"]
    assert bodies(server)[0] == bodies(server)[1] != b""


# The clock of the first token is over once the head has come, whoever reads on.


def test_a_hook_may_read_for_longer_than_a_first_token_may_take() -> None:
    class Traced(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            tell = request.extensions["trace"]
            await tell("http11.send_request_headers.started", {})
            await request.aread()
            for step in ("send_request_body", "receive_response_headers"):
                await tell(f"http11.{step}.complete", {})
            return httpx.Response(200, headers=EVENTS, stream=httpx.ByteStream(STREAM))

    async def slow(response: httpx.Response) -> None:
        limits.append(dict(response.request.extensions["timeout"]))
        await asyncio.sleep(0.1)
        await response.aread()

    limits: list[dict[str, float | None]] = []
    own = httpx.AsyncClient(transport=Traced(), event_hooks={"response": [slow]})
    timeouts = Timeouts(first_token=0.02, liveness=30)
    assert KINDS[1].ask(own, MOCK, timeouts=timeouts) == ["Hello"]
    assert limits == [{"connect": None, "read": 30, "write": None, "pool": None}]


@pytest.mark.parametrize("kind", KINDS[::2], ids=str)
def test_what_a_hook_waits_for_is_the_answer(kind: Kind, server: MockServer) -> None:
    limits: list[float] = []
    hooks = kind.hooked(
        lambda response: limits.append(response.request.extensions["timeout"]["read"])
    )
    server.reply("echo", status_reply(401, "expired"), text_reply("welcome"))
    own = kind.client(auth=renewing(kind, "", True), event_hooks=hooks)
    timeouts = Timeouts(first_token=5, liveness=60, progress=50)
    assert kind.ask(own, server, timeouts=timeouts) == ["welcome"]
    assert limits == [50, 50]  # the longest silence that a clock allows


# Mocks, caches and retries of others.


@of_each_kind
@pytest.mark.parametrize("how", ["content", "pieces", "the same again"])
def test_a_mock_transport(kind: Kind, how: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (STREAM[:20], STREAM[20:])

    async def pieces_later() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    def made() -> Any:
        content: Any = STREAM
        if how == "pieces":
            content = pieces() if kind.blocking else pieces_later()
        return kind.module.Response(200, headers=EVENTS, content=content)

    kept = made()
    transport = kind.transport(lambda request: kept if how == "the same again" else made())
    assert kind.ask(kind.client(transport=transport), MOCK, "a", "b") == ["Hello", "Hello"]


@of_each_kind
def test_a_mock_of_an_error(kind: Kind) -> None:
    body = {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}
    transport = kind.transport(lambda request: kind.module.Response(401, json=body))
    (error,) = kind.ask(kind.client(transport=transport), MOCK)
    assert (error.kind, "Incorrect API key" in str(error)) == ("auth", True)


HTTPX = pytest.mark.parametrize("kind", KINDS[:2], ids=str)


@HTTPX
@pytest.mark.parametrize("own", [True, False], ids=["own", "ours"])
def test_respx(kind: Kind, own: bool) -> None:
    with respx.mock(base_url=MOCK) as router:
        route = router.post("/chat/completions").respond(200, headers=EVENTS, content=STREAM)
        if own:
            assert kind.ask(kind.client(), MOCK, "a", "b") == ["Hello", "Hello"]
        else:
            assert [ours(kind) for _ in range(2)] == ["Hello", "Hello"]
        assert route.call_count == 2
        sent = json.loads(route.calls[0].request.content)
        assert sent["messages"][0]["role"] == "user"


@HTTPX
@pytest.mark.parametrize("own", [True, False], ids=["own", "ours"])
def test_pytest_httpx(kind: Kind, own: bool, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(headers=EVENTS, content=STREAM, is_reusable=True)
    if own:
        assert kind.ask(kind.client(), MOCK, "a", "b") == ["Hello", "Hello"]
    else:
        assert [ours(kind) for _ in range(2)] == ["Hello", "Hello"]
    assert len(httpx_mock.get_requests()) == 2


def ours(kind: Kind) -> str | None:
    """The answer that a client without an http_client gets."""
    models, question = {"m": Deployment(MOCK)}, [{"role": "user", "content": "hi"}]
    if kind.blocking:
        with Client("m", models, retry=1) as client:
            return client.chat(question).content

    async def ask() -> str | None:
        async with AsyncClient("m", models, retry=1) as client:
            return (await client.chat(question)).content

    return asyncio.run(ask())


@of_each_kind
@pytest.mark.parametrize("rfc", [True, False])
def test_hishel(kind: Kind, server: MockServer, tmp_path: Path, rfc: bool) -> None:
    folder = {"httpx": hishel.httpx, "httpx2": hishel.httpx2}[kind.module.__name__]
    path = tmp_path / "cache.db"
    if kind.blocking:
        storage: Any = hishel.SqliteStorage(database_path=path)
        own = folder.CacheClient(storage=storage, rfc=rfc, verify=False)
    else:
        storage = hishel.AsyncSqliteStorage(database_path=path)
        own = folder.AsyncCacheClient(storage=storage, rfc=rfc, verify=False)
    assert kind.ask(own, server, *SECRETS) == SECRETS


@of_each_kind
def test_a_cache_that_keeps_what_it_has_read(kind: Kind, server: MockServer) -> None:
    # As libraries for recorded tests do it: the answer is read, kept, and made anew each time.
    kept: dict[bytes, tuple[int, Any, bytes]] = {}
    inner = kind.sockets()

    def made(key: bytes) -> Any:
        status, headers, content = kept[key]
        return kind.module.Response(status, headers=headers, content=content)

    class Keeping(kind.module.BaseTransport, kind.module.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            key = request.read()
            if key not in kept:
                response = inner.handle_request(request)
                kept[key] = response.status_code, response.headers, response.read()
            return made(key)

        async def handle_async_request(self, request: Any) -> Any:
            key = await request.aread()
            if key not in kept:
                response = await inner.handle_async_request(request)
                kept[key] = response.status_code, response.headers, await response.aread()
            return made(key)

        def close(self) -> None:
            inner.close()

        async def aclose(self) -> None:
            await inner.aclose()

    found = kind.ask(kind.client(transport=Keeping()), server, *SECRETS, *SECRETS)
    assert found == SECRETS * 2
    assert len(server.requests) == len(SECRETS)


class Stubborn:
    """Sends a request up to three times; the shape of httpx-retries, for any httpx."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def handle_request(self, request: Any) -> Any:
        for _ in range(3):
            response = self._inner.handle_request(request)
            if response.status_code != 503:
                break
            response.close()
        return response

    async def handle_async_request(self, request: Any) -> Any:
        for _ in range(3):
            response = await self._inner.handle_async_request(request)
            if response.status_code != 503:
                break
            await response.aclose()
        return response

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()


def retrying(kind: Kind) -> list[Any]:
    inner = kind.sockets()
    bases = (Stubborn, kind.module.BaseTransport, kind.module.AsyncBaseTransport)
    found = [type("Stubborn", bases, {})(inner)]
    if kind.module is httpx:
        retry = httpx_retries.Retry(total=2, allowed_methods=["POST"], status_forcelist=[503])
        found.append(httpx_retries.RetryTransport(inner, retry))
    return found


@of_each_kind
def test_a_transport_that_retries(kind: Kind, server: MockServer) -> None:
    for transport in retrying(kind):
        server.reply("echo", status_reply(503), status_reply(503), text_reply("at last"))
        assert kind.ask(kind.client(transport=transport), server, "hi") == ["at last"]
    assert {body and json.loads(body)["model"] for body in bodies(server)} == {"echo"}
