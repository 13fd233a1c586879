# Where Azure's APIs are: one address of a resource, four wires.

from helpers import error_of
from streams import ANSWER, HELLO

from thinwire.core.providers.azure import base_url
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

ME = "https://me.openai.azure.com"


def test_where_the_wires_are():
    day = "2024-10-21"
    dated = ME + "/openai/deployments/big"
    cases = (
        # given, model, api_version, dialect -> base URL
        (ME, "big", "", None, ME + "/openai/v1"),
        (ME + "/", "big", "", "openai", ME + "/openai/v1"),
        (ME, None, "", "responses", ME + "/openai/v1"),
        (ME, "c", "", "anthropic", ME + "/anthropic/v1"),
        (ME + "/?a=b", "big", "", None, ME + "/openai/v1?a=b"),
        (ME + "/openai/v1/", "big", "", None, ME + "/openai/v1/"),
        (ME + "/models", "big", "", None, ME + "/models"),
        (ME + "/x/v1", "c", "", "anthropic", ME + "/x/v1"),
        (ME, "big", day, None, dated + "?api-version=" + day),
        (ME + "/openai/", "big", day, None, dated + "?api-version=" + day),
        (ME + "?a=b", "big", day, None, dated + "?a=b&api-version=" + day),
        (ME, None, day, "responses", ME + "/openai?api-version=" + day),
        (dated, None, day, None, dated + "?api-version=" + day),
        (ME + "/openai/v1", "big", "preview", None, ME + "/openai/v1?api-version=preview"),
    )
    for given, model, version, dialect, wanted in cases:
        assert base_url(given, model, version, dialect) == wanted, (given, version, dialect)


def test_a_date_needs_a_name_and_is_given_once():
    error = error_of(ValueError, base_url, ME, None, "2024-10-21", None)
    assert "model=" in str(error), error
    error = error_of(ValueError, base_url, ME + "?api-version=1", "m", "2024-10-21", None)
    assert "api_version" in str(error), error


def asked(**options):
    transport = ScriptedTransport([ScriptedReply([ANSWER])])
    client = Client("m", Deployment(model="big", **options), transport=transport)
    assert client.chat(HELLO).content == "Hello"
    request = transport.requests[0]
    return request.target, dict(request.headers)


def test_a_resource_is_enough():
    for host in ("openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com"):
        target, headers = asked(base_url="https://me." + host, api_key="k-123456789")
        assert target == "/openai/v1/chat/completions", target
        assert headers["api-key"] == "k-123456789"
        assert "Authorization" not in headers


def test_the_path_of_a_deployment():
    target, headers = asked(base_url=ME, api_key="k", api_version="2024-10-21")
    assert target == "/openai/deployments/big/chat/completions?api-version=2024-10-21"
    assert headers["api-key"] == "k"


def test_a_token_is_a_bearer_token():
    _, headers = asked(base_url=ME, api_key=lambda: "token")
    assert headers["Authorization"] == "Bearer token"
    assert "api-key" not in headers


def test_where_a_key_goes_can_be_said():
    ways = (("bearer", "Authorization", "Bearer k"), ("x-api-key", "x-api-key", "k"))
    for auth, name, value in ways:
        _, headers = asked(base_url=ME, api_key="k", auth=auth)
        assert headers[name] == value
        assert "api-key" not in headers
    _, headers = asked(base_url=ME, api_key=lambda: "k", auth="api-key")
    assert headers["api-key"] == "k"


def test_azure_behind_a_name_of_ones_own():
    target, headers = asked(provider="azure", base_url="https://ai.corp.example", api_key="k")
    assert target == "/openai/v1/chat/completions"
    assert headers["api-key"] == "k"


def test_a_wire_of_another_company_has_a_header_of_its_own():
    made = Deployment(ME, "k", "claude", dialect="anthropic")
    assert made.url.path == "/anthropic/v1"
    assert made.options is None
    assert Deployment(ME, lambda: "k", "c", dialect="anthropic").options.auth == "bearer"


def test_azure_has_no_address_of_its_own():
    error = error_of(ValueError, Deployment, provider="azure", api_key="k")
    for word in ("base_url", "AZURE_OPENAI_ENDPOINT"):
        assert word in str(error), error


def test_a_date_is_azures():
    error = error_of(ValueError, Deployment, "https://h.example/v1", api_version="2024-10-21")
    assert "Azure" in str(error), error
