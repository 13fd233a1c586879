"""Azure's clients, by the path that openai has for them."""

from thinwire.compat.openai._azure import AsyncAzureOpenAI as AsyncAzureOpenAI
from thinwire.compat.openai._azure import AzureOpenAI as AzureOpenAI
