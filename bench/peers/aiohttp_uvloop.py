"""aiohttp under uvloop."""

import uvloop

from bench.peers import aiohttp_by_hand

BLOCKING = False
LOOP = uvloop.new_event_loop
Peer = aiohttp_by_hand.Peer
