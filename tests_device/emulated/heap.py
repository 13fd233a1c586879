# What a client of the frozen library leaves of the heap.

import gc

gc.collect()
BEFORE = gc.mem_free()


def report():
    """Where thinwire comes from, and the free heap: before, after the import, with a client."""
    import thinwire
    from thinwire import AsyncClient, Deployment

    gc.collect()
    imported = gc.mem_free()
    client = AsyncClient("m", {"m": Deployment("https://api.example/v1", "k")})
    gc.collect()
    return {
        "file": thinwire.__file__,
        "version": thinwire.__version__,
        "before": BEFORE,
        "imported": imported,
        "client": gc.mem_free(),
        "made": type(client).__name__,
    }
