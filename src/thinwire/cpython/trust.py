"""The ssl.SSLContext for whom to trust.

"The system's CAs" is what the system says: on Linux OpenSSL's own paths, or certifi where there is
nothing; on macOS and Windows the system's verifier, by truststore. SSL_CERT_FILE and SSL_CERT_DIR
replace them.
"""

import os
import ssl
import sys
from functools import cache
from pathlib import Path

import certifi

from thinwire.core.routing.trust import Trust

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def context_for(
    verify: "bool | str | os.PathLike[str] | bytes | ssl.SSLContext" = True,
    cadata: bytes | str | list[bytes] | None = None,
    add_ca: bytes | str | list[bytes] | None = None,
) -> ssl.SSLContext:
    """The context for what a client's options say (routing/trust.py).

    Raises:
        TypeError: an option of a kind it cannot have.
        ValueError: options that exclude each other, certificates that cannot be read, or a
            variable that names none.
    """
    trust = Trust(verify, cadata, add_ca)
    if trust.context is not None:
        if not isinstance(trust.context, ssl.SSLContext):
            raise TypeError(f"verify takes an ssl.SSLContext, not {trust.context!r}")
        return trust.context
    if trust.insecure:
        context = _empty()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if trust.only is not None:
        return _with(_empty(), trust.only)
    if trust.added is not None:
        context = system_context()
        # A CA of one's own need not be to the letter of RFC 5280, as Python 3.13 wants it.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return _with(context, trust.added)
    return shared_context()


def shared_context() -> ssl.SSLContext:
    """The context that trusts the system's CAs, made once for each value of the variables: it
    costs 19 ms.

    Raises:
        ValueError: see system_context.
    """
    return _shared(*[os.environ.get(name) for name in _VARIABLES])


def system_context() -> ssl.SSLContext:
    """A new context that trusts the system's CAs, or those that the variables name.

    Raises:
        ValueError: SSL_CERT_FILE or SSL_CERT_DIR names none; OpenSSL would trust nobody then,
            without a word.
    """
    file, folder = [os.environ.get(name) or None for name in _VARIABLES]
    if file or folder:
        return _named(file, folder)
    if sys.platform in ("darwin", "win32"):
        import truststore

        own: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return own
    context = ssl.create_default_context()
    folder = ssl.get_default_verify_paths().capath
    if not context.cert_store_stats()["x509"] and not (folder and _files(folder)):
        return ssl.create_default_context(cafile=certifi.where())
    return context


_shared = cache(lambda *_: system_context())


def named_by_environment() -> bool:
    """Whether a variable names the CAs."""
    return any(os.environ.get(name) for name in _VARIABLES)


def _empty() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if os.environ.get("SSLKEYLOGFILE"):
        context.keylog_filename = os.environ["SSLKEYLOGFILE"]
    return context


def _named(file: str | None, folder: str | None) -> ssl.SSLContext:
    folders = folder.split(os.pathsep) if folder else []
    if folders and not any(map(_files, folders)):
        raise ValueError(f"SSL_CERT_DIR={folder!r} names no folder with certificates")
    try:
        context = ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:
        said = f"SSL_CERT_FILE={file!r}: cannot load CA certificates: {error}"
        raise ValueError(said) from error
    if not folders and not context.cert_store_stats()["x509"]:
        raise ValueError(f"SSL_CERT_FILE={file!r} holds no certificate")
    return context


def _files(folder: str) -> list[str]:
    return os.listdir(folder) if Path(folder).is_dir() else []


def _with(context: ssl.SSLContext, certificates: list[bytes]) -> ssl.SSLContext:
    for one in certificates:
        # What stands between the certificates of a PEM file is anybody's text.
        is_pem = b"-----BEGIN" in one
        data = one.decode("ascii", "replace").replace("\ufffd", "?") if is_pem else bytes(one)
        try:
            context.load_verify_locations(cadata=data)
        except (OSError, ValueError) as error:
            begin = bytes(one[:40])
            said = f"{begin!r}...: cannot load CA certificates (DER or PEM): {error}"
            raise ValueError(said) from error
    return context
