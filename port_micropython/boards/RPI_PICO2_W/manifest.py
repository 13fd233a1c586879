"""make firmware PORT=rp2 BOARD=RPI_PICO2_W MPY_DIR=...

To freeze more, package() or module() it here; to freeze it elsewhere, include() this file there,
with the options of thinwire's manifest if something shall be left out.
"""

include("../manifest.py", board="$(PORT_DIR)/boards/RPI_PICO2_W/manifest.py", **options._kwargs)
