"""Vectors of texts."""

from __future__ import annotations

from typing import Literal

from thinwire.compat.openai._models import BaseModel


class Embedding(BaseModel):
    """The vector of one text: numbers, or base64 where that was asked for."""

    embedding: list[float]
    index: int
    object: Literal["embedding"]


class Usage(BaseModel):
    """Tokens that they took."""

    prompt_tokens: int
    total_tokens: int


class CreateEmbeddingResponse(BaseModel):
    """Vectors of texts."""

    data: list[Embedding]
    model: str
    object: Literal["list"]
    usage: Usage
