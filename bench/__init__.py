"""Benchmarks: nothing here is part of the package, and no test depends on a figure."""
