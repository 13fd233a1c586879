"""How many answers are lost that come while their request is being sent, or right behind its head:
of a server that refuses without reading, and closes with bytes unread (docs/wire.md C108).

    PYTHONPATH=tools:tests:. python -m bench.early_answers [calls]

Each leg makes so many calls, each on a connection of its own, of three sizes, plain and with TLS.
"""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from support.certificates import authority
from support.legs import Leg, environment, legs

SIZES = (100, 60_000, 3_000_000)
_BODY = b'{"error": {"message": "wrong key"}}'
ANSWER = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)
SCRIPT = """
import binascii, json, sys
from thinwire import AsyncClient, Client, Deployment, RetryPolicy, ThinwireError
with open(sys.argv[1]) as given:
    url, ca, blocking, size, calls = json.load(given)
options = {"retry": RetryPolicy(attempts=1)}
if ca:
    options["cadata"] = binascii.unhexlify(ca)
messages = [{"role": "user", "content": "x" * min(size, 1000)}] * max(size // 1000, 1)
seen = {}
def note(error):
    name = "%s: %s" % (type(error).__name__, error)
    seen[name] = seen.get(name, 0) + 1
def sync():
    for _ in range(calls):
        with Client("m", {"m": Deployment(url, "k")}, **options) as client:
            try:
                client.chat(messages)
            except ThinwireError as error:
                note(error)
async def main():
    for _ in range(calls):
        async with AsyncClient("m", {"m": Deployment(url, "k")}, **options) as client:
            try:
                await client.chat(messages)
            except ThinwireError as error:
                note(error)
if blocking:
    sync()
else:
    import asyncio
    asyncio.run(main())
print(json.dumps(seen))
"""


class Rude:
    """A server that reads a head, answers, and closes.

    Args:
        context: of TLS, or None.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        # Or the answer waits behind TLS's tickets for them to be acknowledged (RFC 896), and the
        # reset of the close takes it away before anybody could see it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), connection:
            if self._context is None:
                self._refuse(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as secure:
                self._refuse(secure)

    def _refuse(self, connection: socket.socket) -> None:
        # One byte at a time: not one of the body is read.
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            if not piece:
                return
            head += piece
        connection.sendall(ANSWER)


def measure(leg: Leg, url: str, ca: bytes, size: int, calls: int, script: Path) -> Counter[str]:
    """What so many calls ended with."""
    given = script.with_suffix(".json")
    given.write_text(json.dumps([url, ca.hex(), leg.blocking, size, calls]))
    command = [*leg.command, str(script), str(given)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        return Counter({(done.stdout + done.stderr)[-500:]: calls})
    return Counter(json.loads(done.stdout.strip().split("\n")[-1]))


def main() -> None:
    """Prints a line for each leg, size and kind of connection."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    trusted = authority()
    plain, secure = Rude(None), Rude(trusted.server("127.0.0.1"))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "calls.py"
        script.write_text(SCRIPT)
        for leg in [one for one in legs() if len(sys.argv) < 3 or sys.argv[2] in one.name]:
            for scheme, server, ca in (("http", plain, b""), ("https", secure, trusted.der)):
                for size in SIZES:
                    url = f"{scheme}://127.0.0.1:{server.port}/v1"
                    seen = measure(leg, url, ca, size, calls, script)
                    good = seen.pop("StatusError: status 401: wrong key", 0)
                    print(leg.name, scheme, size, f"{calls - good} of {calls} lost", dict(seen))


if __name__ == "__main__":
    main()
