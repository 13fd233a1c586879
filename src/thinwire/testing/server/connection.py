"""One connection: requests are read, answered and recorded until either side has had enough."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

import h11

from thinwire.testing.replies.chunks import error_object
from thinwire.testing.replies.good import json_reply
from thinwire.testing.server.app import App
from thinwire.testing.server.peer import ClientGone, Peer
from thinwire.testing.server.player import Player
from thinwire.testing.server.request import RecordedRequest
from thinwire.testing.server.request_reader import RequestReader

Finished = Callable[[RecordedRequest], None]


class ConnectionHandler:
    """Serves one client.

    Args:
        peer: the client.
        app: decides what to answer.
        number: of the connection, for the records.
        finished: told of every request the server has done with.
    """

    def __init__(self, peer: Peer, app: App, number: int, finished: Finished) -> None:
        self._peer = peer
        self._app = app
        self._number = number
        self._finished = finished

    async def serve(self) -> None:
        """Serve requests until the connection ends; cancelled by `MockServer.stop`."""
        try:
            while await self._serve_one():
                pass
        except ClientGone:
            pass
        except h11.RemoteProtocolError as error:
            self._app.note_error(f"connection {self._number} sent what is not HTTP: {error}")
            status = error.error_status_hint
            reply = json_reply(error_object(status, f"bad request: {error}"), status=status)
            with contextlib.suppress(ClientGone):
                await Player(self._peer, reply, keep_alive=False).play()
                await self._peer.linger()

    async def _serve_one(self) -> bool:
        reader = RequestReader(self._peer, self._number, self._app.max_body)
        request = await reader.head()
        if request is None:
            return False
        try:
            await self._read_body(reader, request)
            return await self._answer(request, reader)
        except ClientGone:
            request.finish("client_gone")
            raise
        except asyncio.CancelledError:
            request.finish("stopped")
            raise
        except h11.RemoteProtocolError:
            raise
        except Exception as error:  # the steps of a script are a user's code
            self._app.note_error(f"the reply to {request!r} failed: {error!r}")
            self._peer.cut()
            return False
        finally:
            request.finish("failed")  # unless it has an outcome already
            self._finished(request)

    async def _read_body(self, reader: RequestReader, request: RecordedRequest) -> None:
        try:
            if self._app.answers_early(request, reader.body):
                return
            await reader.allow_body()
            while await reader.more_body(request):
                if self._app.answers_early(request, reader.body):
                    return
        except (ClientGone, h11.RemoteProtocolError, asyncio.CancelledError):
            self._app.record(request)  # a request that broke off is worth looking at, too
            raise
        finally:
            reader.settle(request)

    async def _answer(self, request: RecordedRequest, reader: RequestReader) -> bool:
        reply = self._app.answer(request)
        if reply.framing == "chunked" and not reader.knows_chunks:  # RFC 9112 §6.1
            reply = replace(reply, framing="close")
        player = Player(self._peer, reply, reader.keep_alive and request.body_whole)
        outcome = await player.play()
        request.finish(outcome)
        if outcome == "complete" and not request.body_whole:
            await self._peer.linger()
        return player.keep_alive
