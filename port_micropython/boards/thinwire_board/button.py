"""A button in the browser: http://ADDRESS/ shows it, GET /ask streams the model's answer. Whoever
is in the same network can press it, and spend your tokens; the key never leaves the board.
"""

import asyncio

from thinwire import ThinwireError

_PORT = 80
_QUESTION = "Tell me something about microcontrollers, in one sentence."
_LINE = 1024  # bytes of the request line, and of a header
_HEADERS = 50
_PATIENCE_S = 10
_HEAD = "HTTP/1.0 %s\r\nContent-Type: %s; charset=utf-8\r\nConnection: close\r\n\r\n"
_PAGE = """<!doctype html><meta name=viewport content="width=device-width"><title>Ask</title>
<button onclick="ask()">Ask</button><pre id=a style="white-space:pre-wrap"></pre><script>
async function ask() {
  a.textContent = ""
  const reader = (await fetch("/ask")).body.pipeThrough(new TextDecoderStream()).getReader()
  for (let r; !(r = await reader.read()).done;) a.textContent += r.value
}</script>
"""


async def run(client, settings, board):
    """Serves until the board is reset."""
    button = Button(client, settings.get("question", _QUESTION))
    port = settings.get("port", _PORT)
    server = await asyncio.start_server(button.serve, settings.get("host", "0.0.0.0"), port)
    print("press the button on port", port)
    await server.wait_closed()


class Button:
    """Answers browsers.

    Args:
        client: whom to ask.
        question: what to ask.
    """

    def __init__(self, client, question):
        self._client = client
        self._question = question
        self._one = asyncio.Lock()  # one answer at a time: a second would want as much memory

    async def serve(self, reader, writer):
        """One connection."""
        try:
            path = await asyncio.wait_for(_path(reader), _PATIENCE_S)
            if path == "/ask":
                await self._ask(writer)
            elif path == "/":
                await _say(writer, "200 OK", _PAGE, "text/html")
            else:
                await _say(writer, "404 Not Found", "there are / and /ask\n")
        except (OSError, asyncio.TimeoutError):
            pass  # the browser is gone, or says nothing: nobody is left to be told
        finally:
            writer.close()
            await writer.wait_closed()

    async def _ask(self, writer):
        if self._one.locked():
            await _say(writer, "503 Service Unavailable", "busy, try again\n")
            return
        async with self._one:
            await _say(writer, "200 OK", "")
            await self._stream(writer)

    async def _stream(self, writer):
        async def tell(text):
            writer.write(text.encode())
            await writer.drain()

        try:
            messages = [{"role": "user", "content": self._question}]
            await self._client.chat(messages, on_delta=tell, keep="none")
        except ThinwireError as error:
            await tell("failed: %s" % error)
        await tell("\n")


async def _path(reader):
    """The path of a GET, "" for anything else."""
    line = await _line(reader)
    for _ in range(_HEADERS):
        if not (await _line(reader)).strip():
            break
    words = line.split(b" ")
    return str(words[1], "utf-8") if words[0] == b"GET" and len(words) == 3 else ""


async def _line(reader):
    line = await reader.readline()
    if len(line) > _LINE:
        raise OSError("a line that is no browser's")
    return line


async def _say(writer, status, text, kind="text/plain"):
    writer.write((_HEAD % (status, kind)).encode())
    writer.write(text.encode())
    await writer.drain()
