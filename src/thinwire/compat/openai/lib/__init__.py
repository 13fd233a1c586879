"""Where openai keeps what is not of its API."""
