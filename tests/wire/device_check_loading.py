"""Run by tests/micropython/test_device_units.py on MicroPython: what the first call loads."""

import sys

from thinwire_device import loading
from thinwire_device.socket_transport import SocketTransport

from thinwire.core._compat import import_module
from thinwire.core.adapters import modules_of_a_call
from thinwire.testing.scripted import ScriptedTransport


def test_no_module_brings_another_one_that_stands_behind_it():
    names = loading.modules(True)
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        for at, name in enumerate(names):
            assert name not in sys.modules, name
            before = set(sys.modules)
            import_module(name)
            more = [
                one
                for one in sys.modules
                if one not in before and one != name and not is_package(one)
            ]
            assert more == [], (at, name, more)
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def is_package(name):
    return any(other.startswith(name + ".") for other in sys.modules)


def test_an_own_transport_needs_nothing_of_ours():
    ours = modules_of_a_call(SocketTransport())
    others = modules_of_a_call(ScriptedTransport([]))
    assert ours == loading.modules(True)
    assert [name for name in ours if name not in others] == [
        "thinwire_device.connection",
        "thinwire_device.dns",
        "thinwire_device.http11",
    ]
