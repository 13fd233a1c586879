"""The legs of a run: who is measured, and the environment in which each lives."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".tools" / "bench"


@dataclass(frozen=True)
class Environment:
    """What pip installs for a peer, from nothing, into .tools/bench/NAME."""

    name: str
    requirements: tuple[str, ...]
    hashed: str = ""  # a line with --hash: this one is installed first, and is what it says

    @property
    def python(self) -> str:
        """Its interpreter; a bare one where nothing is to be installed."""
        return str(FOLDER / self.name / "bin" / "python") if self.requirements else sys.executable

    def make(self) -> None:
        """Installs what is not there yet; subprocess.CalledProcessError where that fails."""
        if not self.requirements:
            return
        folder, wanted = FOLDER / self.name, "\n".join((*self.requirements, self.hashed))
        mark = folder / "wanted.txt"
        if mark.exists() and mark.read_text() == wanted:
            return
        print(f"installing {' '.join(self.requirements)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip: list[str | Path] = [
            self.python,
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
        ]
        if self.hashed:
            file = folder / "hashed.txt"
            file.write_text(self.hashed)
            subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", file], check=True)
        subprocess.run([*pip, *self.requirements], check=True)
        mark.write_text(wanted)


BARE = Environment("bare", ())
THINWIRE = Environment(
    "thinwire",
    ("httpx==0.28.1", "json-repair==0.64.6", "sniffio==1.3.1", "structlog==26.1.0"),
)
_UVLOOP = "uvloop==0.23.0"
THINWIRE_UVLOOP = Environment("thinwire-uvloop", (*THINWIRE.requirements, _UVLOOP))
EXOCLAW = Environment("exoclaw", ("exoclaw-provider-openai==0.4.3", "exoclaw==0.32.0"))
OPENAI = Environment("openai", ("openai==3.52.0",))
HTTPX = Environment("httpx", ("httpx==0.28.1",))
AIOHTTP = Environment("aiohttp", ("aiohttp==3.14.5",))
AIOHTTP_UVLOOP = Environment("aiohttp-uvloop", (*AIOHTTP.requirements, _UVLOOP))
# Two releases of 2026 were malicious: only the file that was looked at is installed.
LITELLM = Environment(
    "litellm",
    ("litellm==1.109.0",),
    "litellm==1.109.0"
    " --hash=sha256:d9a5bf856384f962c3eced5afc82dc0724e6f2433e47df6459e7f5c322af69b0",
)


@dataclass(frozen=True)
class Leg:
    """One who is measured.

    Attributes:
        measures: what alone it is measured in, not in a quick run; () for all.
    """

    name: str
    peer: str  # module in bench/peers
    environment: Environment
    imports: str = ""  # what its users import
    client: str = ""  # how they make a client
    blocking: bool = False
    needs: str = ""  # a statement that fails where it cannot be had
    measures: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether it is thinwire."""
        return self.environment in (THINWIRE, THINWIRE_UVLOOP)

    def available(self) -> bool:
        """Whether it can run here."""
        if not self.needs:
            return True
        command = [self.environment.python, "-c", self.needs]
        return subprocess.run(command, env=environ(), capture_output=True).returncode == 0


_SOCKETS = "from thinwire.transport import SocketTransport"
_ASYNC = "from thinwire import AsyncClient, Deployment"
_SYNC = "from thinwire import Client, Deployment"
_ARGUMENTS = '"m", {"m": Deployment("http://127.0.0.1:9/v1", "sk-0123456789")}'
_OWN = f"{_ARGUMENTS}, transport=SocketTransport()"
_EXOCLAW = """\
OpenAIStreamingProvider(
    default_model="m", deployments={"m": Deployment("http://127.0.0.1:9/v1", "sk-0123456789")}
)"""
_AIOHTTP = """\
import asyncio
async def main():
    async with aiohttp.ClientSession():
        pass
asyncio.run(main())"""
# What a loop has a part in.
_OF_A_LOOP = (
    "receive",
    "receive one by one",
    "instructions",
    "first token",
    "small turn",
    "1000 streams",
)
LEGS = (
    Leg("thinwire-httpx", "thinwire_httpx", THINWIRE, _ASYNC, f"AsyncClient({_ARGUMENTS})"),
    Leg(
        "thinwire-sockets",
        "thinwire_sockets",
        THINWIRE,
        f"{_ASYNC}; {_SOCKETS}",
        f"AsyncClient({_OWN})",
        needs=_SOCKETS,
    ),
    Leg(
        "thinwire-httpx-blocking",
        "thinwire_httpx_blocking",
        THINWIRE,
        _SYNC,
        f"Client({_ARGUMENTS})",
        blocking=True,
    ),
    Leg(
        "thinwire-sockets-blocking",
        "thinwire_sockets_blocking",
        THINWIRE,
        f"{_SYNC}; {_SOCKETS}",
        f"Client({_OWN})",
        blocking=True,
        needs=_SOCKETS,
    ),
    Leg(
        "exoclaw",
        "exoclaw",
        EXOCLAW,
        "from exoclaw_provider_openai import Deployment, OpenAIStreamingProvider",
        _EXOCLAW,
    ),
    Leg(
        "openai",
        "openai",
        OPENAI,
        "from openai import AsyncOpenAI",
        'AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-0123456789")',
    ),
    Leg("litellm", "litellm", LITELLM, "import litellm"),
    Leg("httpx", "httpx_by_hand", HTTPX, "import httpx, json", "httpx.AsyncClient()"),
    Leg("aiohttp", "aiohttp_by_hand", AIOHTTP, "import aiohttp, json", _AIOHTTP),
    Leg(
        "thinwire-sockets-uvloop",
        "thinwire_sockets_uvloop",
        THINWIRE_UVLOOP,
        needs=f"import uvloop; {_SOCKETS}",
        measures=_OF_A_LOOP,
    ),
    Leg(
        "aiohttp-uvloop",
        "aiohttp_uvloop",
        AIOHTTP_UVLOOP,
        needs="import uvloop",
        measures=_OF_A_LOOP,
    ),
    Leg("reference", "reference", BARE, "import asyncio, json"),
    Leg("kernel", "kernel", BARE, "import socket", blocking=True),
)


def named(names: Sequence[str]) -> list[Leg]:
    """The legs of these names; ValueError where there is none."""
    known = {leg.name: leg for leg in LEGS}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no leg {unknown[0]}; there are {', '.join(known)}")
    return [known[name] for name in names]


def environ() -> dict[str, str]:
    """What a leg's process finds: the bench, and thinwire's source, of another checkout where
    THINWIRE_SRC says so."""
    source = os.environ.get("THINWIRE_SRC") or str(ROOT / "src")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # The same hashes in each run; and no proxy, no key, no setting of this machine. litellm would
    # fetch its prices from the internet while it is imported.
    fixed = {"PYTHONHASHSEED": "0", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return {**kept, **fixed, "PYTHONPATH": f"{ROOT}:{source}"}


def versions(leg: Leg) -> dict[str, str]:
    """What is installed in its environment, name -> version; thinwire's own is its source's."""
    if leg.environment is BARE:
        return {}
    command = [leg.environment.python, "-c", _VERSIONS]
    ran = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(ran.stdout)
    if leg.ours:
        command = [leg.environment.python, "-c", "import thinwire; print(thinwire.__version__)"]
        ran = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
        found = {"thinwire": ran.stdout.strip(), **found}
    return found


_VERSIONS = """\
import importlib.metadata, json
found = {d.name: d.version for d in importlib.metadata.distributions()}
print(json.dumps({k: v for k, v in sorted(found.items()) if k not in ("pip", "setuptools")}))"""
