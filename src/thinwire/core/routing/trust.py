"""Whom to trust: the options that say it, read and checked once for every transport. Loaded only
where one of them is given.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.adapters import Certificates, Verify

_OF_CA = "CA certificates as DER or PEM: bytes, or a list of them"


class Trust:
    """What the options come to.

    Args:
        verify, cadata, add_ca: see AsyncClient.
        pin: see SocketTransport; only whether it is given matters.

    Attributes:
        insecure: nobody is verified.
        only: CA certificates in place of the store, None for the store.
        added: CA certificates beside the store, None for no more.
        context: an ssl.SSLContext that says it all, or None.

    Raises:
        TypeError: an option of a kind it cannot have.
        ValueError: options that exclude each other, or a file that cannot be read.
    """

    def __init__(
        self,
        verify: "Verify" = True,
        cadata: "Certificates" = None,
        add_ca: "Certificates" = None,
        pin: object = None,
    ) -> None:
        given = (("cadata", cadata), ("add_ca", add_ca), ("pin", pin))
        named = ["%s=" % name for name, value in given if value is not None]
        self.insecure = verify is False
        if self.insecure and named:
            raise ValueError("verify=False accepts anybody: drop it, or %s" % ", ".join(named))
        if not isinstance(verify, bool):
            named.append("verify=")
        whole = [name for name in named if name != "pin=" or "add_ca=" in named]
        if len(whole) > 1:
            # Each of them says all of it; only a pin may stand beside the CA that signed.
            raise ValueError("%s: each says whom to trust: drop all but one" % ", ".join(whole))
        self.added = certificates("add_ca", add_ca)
        self.only = certificates("cadata", cadata)
        self.context: object = None
        if isinstance(verify, bool):
            return
        if isinstance(verify, (bytes, bytearray)):
            self.only = certificates("verify", verify)
        elif isinstance(verify, str) or hasattr(verify, "__fspath__"):
            self.only = [_read(verify if isinstance(verify, str) else verify.__fspath__())]
        elif hasattr(verify, "verify_mode"):
            self.context = verify
        else:
            forms = "True, False, a path, CA certificates as DER or PEM bytes or, on CPython, an"
            raise TypeError("verify takes %s ssl.SSLContext, not %r" % (forms, verify))


def certificates(name: str, data: object) -> "list[bytes] | None":
    """The certificates that an option holds, a list of DER or PEM; None where it is not given.

    Raises:
        TypeError: it is of another kind.
        ValueError: it is empty.
    """
    if data is None:
        return None
    found: list[Any] = list(data) if isinstance(data, (list, tuple)) else [data]
    for at in range(len(found)):
        one = found[at]
        if isinstance(one, str):
            if "-----BEGIN" not in one:
                said = "%s takes %s, not %r; a path goes to verify="
                raise TypeError(said % (name, _OF_CA, one))
            found[at] = one.encode()
        elif not isinstance(one, (bytes, bytearray)):
            raise TypeError("%s takes %s, not %r" % (name, _OF_CA, one))
        if not one:
            raise ValueError("%s holds no certificate" % name)
    if not found:
        raise ValueError("%s holds no certificate" % name)
    return found


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ValueError("verify=%r: cannot read the CA certificates: %s" % (path, error))
    if not data:
        raise ValueError("verify=%r: the file is empty" % path)
    return data
