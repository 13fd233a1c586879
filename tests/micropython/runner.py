# Runs the shared tests on MicroPython: micropython runner.py FILE...
#
# A test file is a module of plain functions test_*; an `async def` is run by asyncio. The last
# line of the output is JSON, {"passed": n, "failed": [names]}; the status is 1 if anything
# failed, or if a file held no test: a runner that runs nothing must not look like success.

import asyncio
import gc
import json
import sys

# Exception covers AssertionError; SystemExit is none, but must not end the run as a success.
FAILURES = (Exception, SystemExit)


def load(path):
    folder, _, file = path.rpartition("/")
    name = file[: -len(".py")]
    # Two rooms may have files of one name: the first must not run in the place of the second.
    sys.modules.pop(name, None)
    sys.path.insert(0, folder)
    try:
        return __import__(name)
    finally:
        sys.path.pop(0)


def run_test(function):
    result = function()
    if hasattr(result, "send"):
        # A task that an earlier test left behind must not wake up in this one.
        asyncio.new_event_loop()
        asyncio.run(result)


def report(name, error, failed):
    failed.append(name)
    print("FAILED", name)
    sys.print_exception(error)


def run_guarded(name, function, failed):
    try:
        run_test(function)
    except FAILURES as error:
        report(name, error, failed)
        return 0
    return 1


def run_module(path, module, failed):
    names = [name for name in sorted(dir(module)) if name.startswith("test_")]
    if not names:
        failed.append(path)
        print("FAILED", path, "holds no test")
    passed = 0
    for name in names:
        passed += run_guarded(path + "::" + name, getattr(module, name), failed)
        gc.collect()
    return passed


def run_file(path, failed):
    try:
        module = load(path)
    except FAILURES as error:
        report(path, error, failed)
        return 0
    return run_module(path, module, failed)


def main(paths):
    failed = [] if paths else ["no test file was given"]
    passed = sum([run_file(path, failed) for path in paths])
    print(json.dumps({"passed": passed, "failed": failed}))
    sys.exit(1 if failed else 0)


main(sys.argv[1:])
