from helpers import error_of

from thinwire.core.routing.deployment import Deployment

BASE = "https://h.example/v1"


def test_a_plain_deployment_has_none():
    deployment = Deployment(BASE, "sk")
    assert deployment.options is None
    assert deployment.provider == ""


def test_a_provider_is_named():
    deployment = Deployment(BASE, "sk", provider="hill")
    assert deployment.provider == deployment.options.provider == "hill"


def test_an_option_that_there_is_not_is_refused():
    for name in ("nothing", "_x", "__init__"):
        error = error_of(TypeError, Deployment, BASE, **{name: 1})
        assert str(error) == "Deployment has no option %s=" % name


def test_a_base_url_is_needed():
    error = error_of(TypeError, Deployment)
    assert "base_url" in str(error)
