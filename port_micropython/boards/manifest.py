"""What the manifests of real boards share: the board's own firmware, what micropython-lib does
well, and thinwire. Each says include("../manifest.py", board=...), where board= is the manifest
that the board would have without us; what else it says are options of thinwire's manifest.
"""

# Of micropython-lib, and not in every board's own manifest: set the clock (without which no
# certificate is valid yet), programs written against `ssl`, and a log.
WANTED = ("ntptime", "ssl", "logging")


def wish(name):
    # require() raises where the tree has no micropython-lib, or one without this package.
    try:
        require(name)
    except ValueError:
        return False
    return True


if wish("bundle-networking"):
    include(options.board)
else:
    # Boards' own manifests end at the first package they cannot have. This is what is left.
    freeze("$(PORT_DIR)/modules")
    include("$(MPY_DIR)/extmod/asyncio")

for name in WANTED:
    wish(name)

given = {name: value for name, value in options._kwargs.items() if name != "board"}
include("../../manifest.py", **given)
