"""What the mock server answers: replies as plain data, and what makes them."""
