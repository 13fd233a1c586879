"""Who serves models: what is known of them by name, and what deployments may need beyond a URL."""
