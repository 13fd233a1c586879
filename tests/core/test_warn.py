"""A mistake that was made up for is told where it was made."""

import warnings

from thinwire import Deployment


def test_the_warning_points_at_the_call() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Deployment("https://h.example/v1/chat/completions?key=secret")
    (one,) = told
    assert one.filename == __file__
    assert "chat/completions" in str(one.message)
    assert "secret" not in str(one.message)
