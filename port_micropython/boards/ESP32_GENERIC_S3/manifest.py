"""make firmware PORT=esp32 BOARD=ESP32_GENERIC_S3 MPY_DIR=...

To freeze more, package() or module() it here; to freeze it elsewhere, include() this file there,
with the options of thinwire's manifest if something shall be left out.
"""

include("../manifest.py", board="$(PORT_DIR)/boards/manifest.py", **options._kwargs)
