"""Lists of a server, by the path that openai has for them."""

from thinwire.compat.openai._endpoints import AsyncPage as AsyncPage
from thinwire.compat.openai._endpoints import SyncPage as SyncPage
from thinwire.compat.openai._stored import AsyncCursorPage as AsyncCursorPage
from thinwire.compat.openai._stored import SyncCursorPage as SyncCursorPage
