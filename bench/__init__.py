"""Benchmarks: nothing here is part of the package, and no test depends on a figure.

`make bench` measures thinwire beside other clients (docs/performance.md): legs.py says who,
measures.py what, goals.py what is to be reached; running.py goes round by round through a process
for each leg (processes.py, worker.py, peers/) against one server (server.c, server.py);
results.py, lines.py, page.py and plots.py show what came of it.
device/ is `make bench-device`: memory on a chip.
"""
