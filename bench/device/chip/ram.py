# What the heap holds once thinwire is imported, and once there is a client. Prints JSON, in bytes.

import gc
import json

found = {}


def used():
    gc.collect()
    return gc.mem_alloc()


before = used()

import asyncio  # noqa: E402  (each import is a step)

asyncio.get_event_loop()
found["asyncio"] = used() - before
before = used()

from thinwire import AsyncClient, Deployment  # noqa: E402

found["import"] = used() - before


def client(**options):
    return AsyncClient("m", {"m": Deployment("http://127.0.0.1:1/v1", "a key")}, **options)


first = client()
found["client"] = used() - before

import thinwire.transport  # noqa: E402

# The buffers by the difference that their size makes, as whoever has to know where they are would
# have to be changed with the code.
before = used()
small = client(transport=thinwire.transport.SocketTransport(buffer_size=512))
small_bytes = used() - before
before = used()
large = client(transport=thinwire.transport.SocketTransport(buffer_size=4096))
found["buffers"] = round((used() - before - small_bytes) * 1024 / (4096 - 512))
print(json.dumps(found))
