"""MicroPython from Debian's archive, in a private folder, without root and without installing.

The binary needs a newer C library than older Debian releases have, so the libraries of its own
suite are unpacked beside it and a wrapper starts it through their loader. The system's package
lists, cache and database are never written to.
"""

import getpass
import os
import re
import shutil
import tempfile
from pathlib import Path

from micropython_probe import UnavailableError, run

# Debian's stable release: its version will not move under the tests, unlike unstable's.
SUITE = "trixie"

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_WRAPPER = """\
#!/bin/sh
# Starts Debian's micropython with the loader and the libraries of its own suite.
here=$(cd "$(dirname "$0")" && pwd)/root
exec "$here/{loader}" --library-path "$here/{libraries}" --argv0 "$0" \\
    "$here/usr/bin/micropython" "$@"
"""


def obtain(folder: Path) -> Path:
    """Fetch and unpack the interpreter into `folder`, and return the wrapper that starts it.

    Raises UnavailableError where there is no apt, no Debian keyring, or no archive in reach.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise UnavailableError("this machine has no apt-get")
    if not KEYRING.exists():
        raise UnavailableError("the package debian-archive-keyring is not installed")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for package in _download(Path(scratch)):
            run(["dpkg-deb", "-x", str(package), str(folder / "root")])
    _drop_what_is_not_run(folder / "root")
    return _write_wrapper(folder)


def _download(scratch: Path) -> list[Path]:
    problems = []
    for archive in archives():
        try:
            return _download_from(archive, scratch)
        except UnavailableError as error:
            problems.append(str(error))
    raise UnavailableError("; ".join(problems) or "apt knows no archive: set DEBIAN_ARCHIVE")


def archives() -> list[str]:
    """Where this machine's apt gets its own packages from: that works behind any mirror."""
    if chosen := os.environ.get("DEBIAN_ARCHIVE"):
        return [chosen]
    # --print-uris prints what an update would fetch; it works with no lists and without root.
    planned = run(["apt-get", "update", "--print-uris"])
    found = re.findall(r"^'(\S+?)/dists/", planned, re.MULTILINE)
    return [base for base in dict.fromkeys(found) if "security" not in base]


def _download_from(archive: str, scratch: Path) -> list[Path]:
    architecture = run(["dpkg", "--print-architecture"]).strip()
    options = private_options(scratch, architecture)
    source = f"deb [arch={architecture} signed-by={KEYRING}] {archive} {SUITE} main\n"
    (scratch / "sources.list").write_text(source)
    run(["apt-get", *options, "-qq", "update"])
    run(["apt-get", *options, "-qq", "-y", "--download-only", "install", "micropython"])
    return sorted((scratch / "cache/archives").glob("*.deb"))


def private_options(scratch: Path, architecture: str) -> list[str]:
    for part in ("lists/partial", "cache/archives/partial"):
        (scratch / part).mkdir(parents=True, exist_ok=True)
    # An empty database: apt then fetches the C library of that suite as well.
    (scratch / "status").touch()
    settings = {
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": scratch,
        "Dir::State::lists": scratch / "lists",
        "Dir::State::status": scratch / "status",
        "Dir::Cache": scratch / "cache",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "0",
        # apt started by root would drop to a user who may not write here.
        "APT::Sandbox::User": getpass.getuser(),
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _drop_what_is_not_run(root: Path) -> None:
    for unwanted in (root / "etc", root / "usr/share", *root.glob("usr/lib/*/gconv")):
        shutil.rmtree(unwanted, ignore_errors=True)


def _write_wrapper(folder: Path) -> Path:
    root = folder / "root"
    loaders = [*root.rglob("ld-linux*.so.*"), *root.rglob("ld64.so.*")]
    files = [path for path in loaders if path.is_file() and not path.is_symlink()]
    if not files:
        raise UnavailableError(f"the packages of {SUITE} contain no loader")
    loader = files[0].relative_to(root)
    wrapper = folder / "micropython"
    wrapper.write_text(_WRAPPER.format(loader=loader, libraries=loader.parent))
    wrapper.chmod(0o755)
    return wrapper
