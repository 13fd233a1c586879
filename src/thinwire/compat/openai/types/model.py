"""A model, as its server lists it."""

from __future__ import annotations

from typing import Literal

from thinwire.compat.openai._models import BaseModel


class Model(BaseModel):
    """A model that a server has."""

    id: str
    created: int
    object: Literal["model"]
    owned_by: str
    shutdown_date: str | None = None


class ModelDeleted(BaseModel):
    """A fine-tuned model that a server had."""

    id: str
    deleted: bool
    object: str
