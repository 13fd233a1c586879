"""The adapters that come with the package: one client each, used as its documentation says."""
