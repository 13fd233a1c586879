"""A plugin of pytest's that swaps the import: `openai` is thinwire's face, in all of openai's own
tests and in nothing else.

What their support files need of openai's insides to compare and to print (`openai._utils`,
`openai._compat`) is not what is tested: it comes from the sdist itself, under another name.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from thinwire.compat.openai import install

SUPPORT = (
    "openai._utils",
    "openai._compat",
    "openai._qs",
    "openai._base_client",
    "openai._constants",
    "openai._legacy_response",
    "openai.auth",
    "openai.lib._parsing",
)
# Names that test files import from modules that are here: without them no test of a file would run.
LENT = {
    "_models": ("FinalRequestOptions", "construct_type_unchecked"),
    "_streaming": ("ServerSentEvent",),
    "types.chat": ("ChatCompletionDeleted",),
    "pagination": ("SyncCursorPage", "AsyncCursorPage"),
}


class Support(MetaPathFinder, Loader):
    """Finds the insides of the real package that its tests' support files need."""

    def find_spec(self, fullname, path=None, target=None):
        """See MetaPathFinder."""
        there = fullname.replace("openai.", "openai_there.", 1)
        if not fullname.startswith(SUPPORT) or find_spec(there) is None:
            return None
        return ModuleSpec(fullname, self, origin=there)

    def create_module(self, spec):
        """See Loader."""
        return importlib.import_module(spec.origin)

    def exec_module(self, module):
        """It was run when it was imported."""


install()
sys.meta_path.insert(0, Support())
for name, names in LENT.items():
    for one in names:
        there = importlib.import_module("openai_there." + name)
        here = importlib.import_module("thinwire.compat.openai." + name)
        setattr(here, one, getattr(there, one))
