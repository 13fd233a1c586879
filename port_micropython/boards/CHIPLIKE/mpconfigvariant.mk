# What chips do not have either, or Debian's sources lack.
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_JNI = 0
MICROPY_FORCE_32BIT = 1
MBEDTLS_CONFIG_FILE = \"mbedtls_config_chiplike.h\"
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py

# Lets tests make an allocation fail (heapfault.c).
LDFLAGS_EXTRA += -Wl,--wrap=gc_alloc -Wl,--wrap=gc_realloc
