"""thinwire's AsyncClient on its own sockets, under uvloop."""

import uvloop

from bench.peers import thinwire_sockets

BLOCKING = False
LOOP = uvloop.new_event_loop
Peer = thinwire_sockets.Peer
image_url = thinwire_sockets.image_url
