"""What each kind of API calls things: one module per wire."""
