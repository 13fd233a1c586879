"""The servers that the scripts ask: on loopback, plain and with TLS."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.certificates import authority

from thinwire.testing import MockServer, text_reply

COUNTED = 120  # tokens of the stream that chip/tokens.py counts
_PAUSE_MS = 20  # between the tokens of "slow": each comes alone, as from a model


@dataclass(frozen=True)
class Servers:
    """What a script is told.

    Attributes:
        plain: base URL.
        tls: base URL.
        ca: file with the CA that `tls` is verified with.
        prompt: file of 1 MB.
    """

    plain: str
    tls: str
    ca: Path
    prompt: Path


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Both of them; `folder` takes the files."""
    trusted = authority()
    ca, prompt = folder / "ca.der", folder / "prompt.txt"
    ca.write_bytes(trusted.der)
    prompt.write_text("A line of a prompt, sixty-four bytes long, line end included...\n" * 2**14)
    context = trusted.server("127.0.0.1")
    with MockServer() as plain, MockServer(ssl_context=context) as tls:
        text = "".join(f"t{number} " for number in range(COUNTED))
        plain.reply("slow", text_reply(text, delay_ms=_PAUSE_MS))
        plain.reply("short", text_reply("Yes"))
        yield Servers(plain.base_url, tls.base_url, ca, prompt)
