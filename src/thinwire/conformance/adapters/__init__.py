# The adapters that come with the package: one client each, used the way its documentation says.
