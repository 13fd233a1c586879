from thinwire.core.wire.redaction import is_secret, secrets, unquoted

# Names of headers and query fields that hold a secret, and those that do not.
SECRET = (
    "Authorization Proxy-Authorization api-key x-api-key X-Goog-Api-Key cf-aig-authorization"
    " Ocp-Apim-Subscription-Key X-Auth-Token Helicone-Auth x-amz-security-token Cookie Set-Cookie"
    " x-litellm-api-key x-litellm-tags x-portkey-config x-portkey-virtual-key X-Session-Id"
    " subscription-key key access_token apikey client_secret sig signature X-Amz-Signature code"
    " X-Amz-Credential password"
)
OPEN = (
    "Content-Type Accept User-Agent Date api-version x-request-id retry-after model deployment"
    " x-ratelimit-remaining-tokens anthropic-ratelimit-tokens-limit x-rate-limit-tokens"
    " openai-processing-ms encoding-code-page"
)


def test_names_of_fields_that_hold_a_secret():
    for name in SECRET.split():
        assert is_secret(name), name
        assert is_secret(name.upper()), name
    for name in OPEN.split():
        assert not is_secret(name), name


# Headers and query of a request; what must not be shown, and what may be.
FIELDS = [
    ([("Authorization", "Bearer sk-12345678")], "", ["sk-12345678"], ["Bearer", "sk-1234567"]),
    ([("X-Api-Key", "12345678")], "", ["12345678"], []),
    ([("X-Api-Key", "1234567")], "", [], ["1234567"]),
    ([("Accept", "text/event-stream")], "", [], ["text/event-stream"]),
    ([], "api-version=2024-10-21&key=a-secret-key", ["a-secret-key"], ["2024-10-21"]),
    ([], "subscription%2Dkey=a-secret-key", ["a-secret-key"], []),
    ([], "key=a%2Bsecret%2bkey", ["a%2Bsecret%2bkey", "a+secret+key", "a%2Bsecret%2Bkey"], []),
    ([("X-Token", "a/secret/key")], "", ["a/secret/key", "a\\/secret\\/key"], []),
    ([("X-Token", "a/secret+key=")], "", ["a%2Fsecret%2Bkey%3D", "a%2fsecret%2bkey%3d"], []),
    (
        [("Authorization", "Basic bWU6YSBzZWNyZXQga2V5")],
        "",
        ["bWU6YSBzZWNyZXQga2V5", "me:a secret key", "a secret key", "a%20secret%20key"],
        [],
    ),
    ([("Authorization", "Basic not-base64!")], "", ["not-base64!"], []),
    ([("Authorization", "Basic /////////w==")], "", ["/////////w=="], []),
    ([("Cookie", "a=1; sid=abcdefgh; b=2")], "", ["abcdefgh"], ["a", "1"]),
    ([("Authorization", "Bearer lm-studio")], "", ["Bearer lm-studio"], ["lm-studio"]),
    ([("Authorization", "Bearer ollama")], "", [], ["ollama"]),
    ([("Authorization", "Bearer EMPTY")], "", [], ["EMPTY"]),
    ([("Authorization", "Bearer sk-no-key-required")], "", [], ["sk-no-key-required"]),
]


def test_what_must_not_be_shown_of_a_request():
    for headers, query, want, free in FIELDS:
        found = secrets(headers, query)
        for secret in want:
            assert secret in found, (headers, query, found)
        for text in free:
            assert text not in found, (headers, query, found)


def test_the_longest_comes_first():
    headers = [("Authorization", "Bearer a+b/c-12345678")]
    found = [len(one) for one in secrets(headers, "key=abcdefgh")]
    assert found == sorted(found, reverse=True), found


def test_percent_encoding():
    for text, want in (
        ("", ""),
        ("plain", "plain"),
        ("a%2Bb", "a+b"),
        ("a%2", "a%2"),
        ("%zz%41", "%zzA"),
        ("%C3%A9", "%C3%A9"),
    ):
        assert unquoted(text) == want, text
