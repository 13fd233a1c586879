"""The way back: bytes, chunks, events, the completion."""
