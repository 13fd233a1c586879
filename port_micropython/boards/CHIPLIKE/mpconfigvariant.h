// MicroPython's unix port, as close to a chip as it gets: with MICROPY_FORCE_32BIT, for figures of
// memory that hold on a chip.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Floats are one word, and not objects of three.
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)

// TLS takes its buffers from the heap that the garbage collector manages (mbedtls_config.h).
#define MICROPY_TRACKED_ALLOC (1)

#include "ports/unix/variants/mpconfigvariant_common.h"

// Chips set no memory aside for an exception that there is no memory for.
#undef MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (0)

// Chips poll each socket by asking it. What this port does instead crashes, besides, when one of
// more than four plain sockets waits beside one with TLS.
#undef MICROPY_PY_SELECT_POSIX_OPTIMISATIONS
#define MICROPY_PY_SELECT_POSIX_OPTIMISATIONS (0)
