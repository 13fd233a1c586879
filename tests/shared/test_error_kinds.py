from thinwire.core.error_kinds import kind_of_status
from thinwire.core.wire.error_words import kind_of

STATUSES = [
    (200, "server"),
    (201, "server"),
    (204, "server"),
    (301, "redirect"),
    (302, "redirect"),
    (308, "redirect"),
    (400, "bad_request"),
    (401, "auth"),
    (402, "quota"),
    (403, "auth"),
    (404, "not_found"),
    (405, "bad_request"),
    (408, "timeout"),
    (409, "conflict"),
    (411, "bad_request"),
    (413, "too_large"),
    (415, "bad_request"),
    (418, "bad_request"),
    (422, "bad_request"),
    (425, "too_early"),
    (429, "rate_limit"),
    (499, "bad_request"),
    (500, "server"),
    (501, "server"),
    (502, "server"),
    (503, "server"),
    (504, "server"),
    (520, "server"),
    (529, "overloaded"),
    (599, "server"),
]


def test_a_status_alone():
    for status, want in STATUSES:
        assert kind_of_status(status) == want, status
        for code, message in (("", ""), ("", "no"), ("some_code", "the response has no body")):
            got = kind_of(status, code, message)
            assert got == want, (status, code, message, got)
