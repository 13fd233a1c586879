"""asyncio and thinwire."""

include("$(MPY_DIR)/extmod/asyncio")
include("../../../manifest.py")
