"""The device's transport in each of its variants, and calls of tests/wire/device_turns.py."""

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.certificates import Authority, authority
from support.device_calls import result_of
from support.interpreters import ROOT, Interpreter, interpreters, run_micropython

from thinwire.testing import MockServer, RecordedRequest, Script

Place = Sequence[Any]  # scheme, host, port
Outcome = dict[str, Any]

WIRE = ROOT / "tests/wire"
_CALL = """
import asyncio, json, sys
sys.path.insert(0, "{wire}")
from {module} import {function}
result = {function}(*{given!r})
if hasattr(result, "send"):
    result = asyncio.run(result)
print(json.dumps(result))
"""


@dataclass(frozen=True)
class DeviceLeg:
    """One variant, and a server of its own.

    Args:
        interpreter: what runs it.
        folder: for scripts.
        server: the mock server.
        authority: whose CA the transport trusts; None for plain http.
        blocking: the sync transport.
    """

    interpreter: Interpreter
    folder: Path
    server: MockServer
    authority: Authority | None
    blocking: bool

    @property
    def name(self) -> str:
        """What names it in a test."""
        return leg_name(self.interpreter, self.authority is not None, self.blocking)

    @property
    def place(self) -> Place:
        """Where the server is."""
        return ("https" if self.authority else "http", "127.0.0.1", self.server.port)

    def trusting(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options with the CA of the server among them."""
        known = {} if self.authority is None else {"cadata": [self.authority.der.hex()]}
        return {**known, **options}

    def call(self, function: str, *arguments: Any, module: str = "device_turns") -> Any:
        """The result of a function of a module of tests/wire."""
        return call(self.interpreter, self.folder, module, function, *arguments)

    def requests(self, case: str) -> list[RecordedRequest]:
        """What the server saw of a case."""
        return [one for one in self.server.requests if one.header("x-case") == case]


def leg_name(interpreter: Interpreter, tls: bool, blocking: bool) -> str:
    """What names a variant in a test."""
    kind = f"{'https' if tls else 'http'}-{'blocking' if blocking else 'asyncio'}"
    return f"{interpreter.name}-{interpreter.version}-{kind}"


@contextmanager
def device_legs(folder: Path, scripts: Mapping[str, Script]) -> Iterator[list[DeviceLeg]]:
    """Every variant on every interpreter, each with a server that has the scripts."""
    trusted = authority()
    with ExitStack() as stack:
        legs = []
        for found in interpreters():
            for tls in (False, True):
                for blocking in (False, True):
                    context = _context(trusted) if tls else None
                    server = stack.enter_context(MockServer(ssl_context=context))
                    for model, script in scripts.items():
                        server.reply(model, script)
                    place = folder / leg_name(found, tls, blocking)
                    place.mkdir()
                    known = trusted if tls else None
                    legs.append(DeviceLeg(found, place, server, known, blocking))
        yield legs


def _context(trusted: Authority) -> ssl.SSLContext:
    # What chips speak. The one build with TLS 1.3 does not hear its goodbye while TCP stands.
    context = trusted.server("127.0.0.1", "localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def on_all(legs: list[DeviceLeg], work: Callable[[DeviceLeg], Any]) -> dict[str, Any]:
    """Results by name of the leg; all at a time, since most of it is waiting."""
    with ThreadPoolExecutor(max(len(legs), 1)) as pool:
        return dict(zip([leg.name for leg in legs], pool.map(work, legs), strict=True))


def call(
    interpreter: Interpreter, folder: Path, module: str, function: str, *arguments: Any
) -> Any:
    """The result of a function of a module of tests/wire."""
    path = folder / f"{function}.py"
    path.write_text(_CALL.format(wire=WIRE, module=module, function=function, given=arguments))
    done = run_micropython(interpreter, path)
    return result_of(done.returncode, done.stdout)
