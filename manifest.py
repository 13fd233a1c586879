# Freezes thinwire into a firmware: a board's own manifest says include("/path/to/this/file").
# metadata() and package() are given by MicroPython's build, which runs this with CPython in this
# folder. asyncio, the only other thing needed, is in the manifest of every board with a network.
import os


def core_files():
    # package() alone would freeze all of src/thinwire, most of which only CPython can run.
    for folder, _, names in os.walk("src/thinwire/core"):
        for name in names:
            if name.endswith(".py") and name != "_cpython.py":
                yield os.path.relpath(os.path.join(folder, name), "src/thinwire")


def version():
    with open("src/thinwire/__init__.py") as file:
        return file.read().partition('__version__ = "')[2].partition('"')[0]


metadata(
    version=version(),
    description="LLM client that streams both ways in constant memory",
    author="thinwire contributors",
    license="MIT",
)

# opt=3 drops asserts, docstrings and line numbers: less flash and less RAM.
package("thinwire", files=("__init__.py", "sse.py", *sorted(core_files())), base_path="src", opt=3)
package("thinwire_device", base_path="port_micropython", opt=3)
