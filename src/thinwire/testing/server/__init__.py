"""The mock server: one thread that reads requests, and answers each with its reply."""
