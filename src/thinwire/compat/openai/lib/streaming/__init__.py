"""Where openai keeps its events of streams."""
