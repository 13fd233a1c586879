from helpers import error_of

from thinwire.core.sync import run


class Pause:
    def __await__(self):
        yield

    __iter__ = __await__


def test_run_gives_the_result():
    async def two():
        return 2

    async def main():
        return await two() + 1

    assert run(main()) == 3


def test_run_passes_errors_on():
    async def main():
        raise KeyError("k")

    error_of(KeyError, run, main())


def test_a_coroutine_that_waits_is_closed_and_refused():
    done = []

    async def main():
        try:
            await Pause()
        finally:
            done.append(1)

    error_of(TypeError, run, main())
    assert done == [1]
