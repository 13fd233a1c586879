"""A plugin of pytest's that swaps the import: `openai` is thinwire's face, in all of openai's own
tests and in nothing else.

What their support files need of openai's insides to compare and to print is not what is tested: it
comes from the sdist itself, whose package is `openai_there`.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from thinwire.compat.openai import install

SUPPORT = ("openai._utils", "openai._compat", "openai.lib._parsing")


class Support(MetaPathFinder, Loader):
    """Finds the insides of the real package that its tests' support files need."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """See MetaPathFinder."""
        there = fullname.replace("openai.", "openai_there.", 1)
        if not fullname.startswith(SUPPORT) or find_spec(there) is None:
            return None
        return ModuleSpec(fullname, self, origin=there)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See Loader."""
        return importlib.import_module(str(spec.origin))

    def exec_module(self, module: ModuleType) -> None:
        """It was run when it was imported."""


install()
sys.meta_path.insert(0, Support())
