# How a client comes to the methods that few programs need.


from helpers import error_of
from replies import KINDS, client, done, reply

from thinwire.core.services import face


def test_a_client_without_them_as_its_base_finds_the_methods():
    for kind in KINDS:
        made = client(kind, reply(b"7"))
        assert done(done(face.bound(made, "get")("/x")).json()) == 7
        for name in ("_post", "poste", "__len__"):
            error = error_of(AttributeError, face.bound, made, name)
            assert repr(name) in str(error), error
        assert not hasattr(made, "poste")


def test_a_client_says_what_a_name_stands_for():
    for kind in KINDS:
        made = client(kind)
        for found in (made.resolve("a"), face.bound(made, "resolve")("a")):
            assert (found.model, found.base_url) == ("id-1", "https://a.test/v1")
        assert "groq" in made.resolve("groq:llama").base_url
