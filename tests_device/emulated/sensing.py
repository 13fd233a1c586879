# The sensor loop of thinwire_board on the emulated board, and what it takes of the heap.

import gc

from thinwire import AsyncClient, Deployment, Timeouts


def client_for(base_url):
    patient = Timeouts(connect=30, first_token=60, progress=60)
    # The machine that it runs on is another one to an emulated board.
    return AsyncClient("m", Deployment(base_url, "k", allow_insecure_http=True), timeouts=patient)


class Board:
    """What the loop acts on, in place of the pins of main.py."""

    def __init__(self):
        self.switched = []

    def read_sensor(self):
        return 27.5

    def set_switch(self, on):
        self.switched.append(on)


async def once(base_url):
    """What the model says in the end, what was switched, and free heap before and after."""
    from thinwire_board import sensor

    board = Board()
    async with client_for(base_url) as client:
        await client.load()
        gc.collect()
        free = [gc.mem_free()]
        said = await sensor.once(client, "Keep it cool.", board)
        gc.collect()
        free.append(gc.mem_free())
        again = await sensor.once(client, "Keep it cool.", board)
        gc.collect()
        free.append(gc.mem_free())
    return {"said": [said, again], "switched": board.switched, "free": free}
