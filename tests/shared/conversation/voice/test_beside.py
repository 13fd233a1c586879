# A task that ends with its owner's.

import asyncio

from racing import Racing, run

from thinwire.core.conversation.voice.beside import Beside


class Work:
    def __init__(self):
        self.told = []
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def run(self):
        self.told.append("begun")
        self.begun.set()
        try:
            await self.go_on.wait()
            self.told.append("done")
        finally:
            self.told.append("left")

    async def fail(self):
        raise KeyError("mine")


def test_it_ends_by_itself():
    async def main():
        work = Work()
        beside = Beside(Racing({}), work.run())
        await asyncio.sleep(0)
        assert not beside.ended
        work.go_on.set()
        await beside.wait()
        await beside.wait()
        await beside.stop()
        assert (beside.ended, beside.error) == (True, None)
        assert work.told == ["begun", "done", "left"]

    run(main())


def test_it_is_stopped():
    async def main():
        work = Work()
        beside = Beside(Racing({}), work.run())
        await work.begun.wait()
        await beside.stop()
        assert work.told == ["begun", "left"]
        assert (beside.ended, beside.error) == (True, None)

    run(main())


def test_it_is_stopped_before_its_first_step():
    async def main():
        work = Work()
        beside = Beside(Racing({}), work.run())
        await beside.stop()
        await asyncio.sleep(0)
        assert beside.ended
        assert work.told == []

    run(main())


def test_its_error_is_kept():
    async def main():
        beside = Beside(Racing({}), Work().fail())
        await beside.wait()
        assert isinstance(beside.error, KeyError)

    run(main())
