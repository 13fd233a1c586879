"""What the rp2 port freezes into every firmware, without micropython-lib, and thinwire."""

freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
include("../../../manifest.py", exoclaw=True)
