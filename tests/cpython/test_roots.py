"""The CA roots that chips carry: written by the script, valid for a year, enough for the table."""

import ast
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest
import roots

ROOTS = roots.roots()
FLASH_LIMIT = 6 * 1024  # bytes of all certificates


def test_the_files_are_what_the_script_writes() -> None:
    hint = "run: python tools/roots.py"
    assert roots.MODULE.read_text("utf-8") == roots.module(), hint
    assert roots.DOCUMENT.read_text("utf-8") == roots.document(), hint


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_none_expires_within_a_year(root: roots.Root) -> None:
    left = root.expires - datetime.now(timezone.utc)
    assert left > timedelta(days=365), f"{root.name} expires on {root.expires}: replace it"


def test_the_module_holds_the_certificates_byte_by_byte() -> None:
    tree = ast.parse(roots.MODULE.read_text("utf-8"))
    value = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ROOTS"
    )
    digests = {name: sha256(der).hexdigest() for name, der in value}
    assert digests == {root.name: root.digest for root in ROOTS}


def test_each_is_a_root_of_its_own() -> None:
    for root in ROOTS:
        assert root.certificate.issuer == root.certificate.subject
        root.certificate.verify_directly_issued_by(root.certificate)


def test_every_host_has_roots_that_exist() -> None:
    for host, names in roots.HOSTS.items():
        assert names, host
        assert set(names) <= set(roots.ROOTS), host


def test_they_fit_into_flash() -> None:
    assert sum(len(root.der) for root in ROOTS) <= FLASH_LIMIT


def test_a_name_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "ROOTS", {"No Such Root": "why"})
    with pytest.raises(KeyError, match="No Such Root"):
        roots.roots()
