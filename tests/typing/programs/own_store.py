"""An own store."""

import json
from pathlib import Path
from typing import Any

from thinwire import Client, CooldownPolicy, Deployment, Store


class Kept(Store):
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, Any] | None:
        state: dict[str, Any] = json.loads(self._path.read_text())
        return state

    def save(self, state: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(state))


class Memory(Store):
    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None

    def load(self) -> dict[str, Any] | None:
        return self.state

    def save(self, state: dict[str, Any]) -> None:
        self.state = dict(state)


def main() -> None:
    deployments = {"m": Deployment("http://localhost:8000/v1")}
    client = Client("m", deployments, store=Kept(Path("a.json")), cooldown=CooldownPolicy())
    for name, state in client.deployments_state().items():
        print(name.upper(), state.failures + 1)
    Client("m", deployments, store=Memory()).close()
