"""`import openai` as this face, for libraries that import it themselves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_FACE = "thinwire.compat.openai"
_NAME = "openai"


class Alias(MetaPathFinder, Loader):
    """Finds `openai` and what is below it in this face, each as one and the same module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """See MetaPathFinder."""
        name, _, rest = fullname.partition(".")
        if name != _NAME:
            return None
        there = f"{_FACE}.{rest}" if rest else _FACE
        try:
            if find_spec(there) is None:
                return None
        except ModuleNotFoundError:
            return None
        return ModuleSpec(fullname, self, origin=there)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See Loader."""
        module = import_module(str(spec.origin))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It was run when it was imported by its own name, which it keeps."""
        spec = module.__spec__
        if spec is not None:
            module.__spec__ = spec.loader_state or spec


def install() -> None:
    """From now on `import openai`, in whatever library, is this face.

    Raises:
        ImportError: the openai package was imported before.
    """
    before = sys.modules.get(_NAME)
    if before is not None and before.__name__ != _FACE:
        raise ImportError("the openai package is imported already: call install() before it is")
    if not any(isinstance(one, Alias) for one in sys.meta_path):
        sys.meta_path.insert(0, Alias())
    import_module(_NAME)
