"""Packages of a Debian release, fetched through an apt of our own that the system never notices.

Its lists and its cache are in a folder of ours; the address of the archive and the keys come from
the system. Nothing is installed: packages are unpacked where the caller wants them.
"""

import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from micropython_debian import KEYRING, archives, private_options
from micropython_probe import UnavailableError, run

_INSTALLED = Path("/var/lib/dpkg/status")


class Archive:
    """One release of Debian, reached through one mirror.

    Args:
        scratch: an empty folder for lists and packages.
        address: of the mirror.
        suite: of the release, e.g. "trixie".

    Raises UnavailableError when the mirror does not have it, as every method does.
    """

    def __init__(self, scratch: Path, address: str, suite: str) -> None:
        self._scratch = scratch
        self._options = private_options(scratch, run(["dpkg", "--print-architecture"]).strip())
        place = f"[signed-by={KEYRING}] {address} {suite} main"
        (scratch / "sources.list").write_text(f"deb {place}\ndeb-src {place}\n")
        self._apt("update")

    def unpack_sources(self, names: list[str], folder: Path) -> None:
        """Unpack what the authors published, without Debian's patches, as folder/NAME."""
        self._apt("source", "--download-only", *names)
        for name in names:
            (tarball,) = self._scratch.glob(f"{name}_*.orig.tar.*")
            (folder / name).mkdir(parents=True)
            run(["tar", "-xf", str(tarball), "-C", str(folder / name), "--strip-components=1"])

    def unpack_packages(self, names: list[str], folder: Path) -> None:
        """Unpack binary packages, and nothing they depend on, under `folder`."""
        self._apt("download", *names)
        _unpack(self._scratch, folder)

    def unpack_missing(self, names: list[str], folder: Path) -> None:
        """Unpack binary packages, and what they depend on and this machine lacks."""
        # A copy: apt locks the folder that it is in.
        present = f"Dir::State::status={shutil.copy(_INSTALLED, self._scratch / 'present')}"
        self._apt("-y", "-o", present, "--download-only", "install", *names)
        _unpack(self._scratch / "cache/archives", folder)

    def _apt(self, *words: str) -> None:
        # apt writes sources and downloads into the folder it was started in.
        here = ["env", "-C", str(self._scratch)]
        run([*here, "apt-get", *self._options, "-qq", *words])


def from_debian(suite: str, unpack: Callable[[Archive], None]) -> None:
    """Call `unpack(archive)` for the first mirror of this machine that has what it wants.

    Raises UnavailableError where there is no apt, no Debian keyring, or no such mirror.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and KEYRING.exists()):
        raise UnavailableError("this needs apt-get and the package debian-archive-keyring")
    problems = []
    for address in archives():
        with tempfile.TemporaryDirectory() as scratch:
            try:
                return unpack(Archive(Path(scratch), address, suite))
            except UnavailableError as problem:
                problems.append(str(problem))
    raise UnavailableError("; ".join(problems) or "apt knows no archive: set DEBIAN_ARCHIVE")


def own_suite() -> str:
    """The Debian release of this machine: programs of another one may not start here.

    Raises UnavailableError on any other system.
    """
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    if system.get("ID") != "debian" or "VERSION_CODENAME" not in system:
        raise UnavailableError("programs can be fetched on Debian only")
    return system["VERSION_CODENAME"]


def _unpack(packages: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package in sorted(packages.glob("*.deb")):
        run(["dpkg-deb", "-x", str(package), str(folder)])
