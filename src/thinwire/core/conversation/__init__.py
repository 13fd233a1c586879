"""What people do with a client: conversations that are kept, loops of tools, answers of a type."""
