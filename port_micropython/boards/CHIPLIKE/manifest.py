"""asyncio and thinwire, with all that it has."""

include("$(MPY_DIR)/extmod/asyncio")
include("../../../manifest.py", exoclaw=True)
