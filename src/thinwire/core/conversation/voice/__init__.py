"""An answer that is said, and a question that is heard."""
