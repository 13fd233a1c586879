"""The smallest of something that still works, found by trying."""

from collections.abc import Callable


def smallest(works: Callable[[int], bool], low: int, high: int, tries: int = 3) -> int | None:
    """Find it by halving.

    Args:
        works: whether a size works this time. A collector that takes what looks like a pointer
            for one makes the outcome vary, so that a size counts only when it works every time.
        low: a size that does not work, never tried.
        high: the largest size to try.
        tries: how often each size is tried.

    Returns:
        The size, None when not even `high` works.
    """

    def always(size: int) -> bool:
        return all(works(size) for _ in range(tries))

    if not always(high):
        return None
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        if always(middle):
            high = middle
        else:
            low = middle
    return high
