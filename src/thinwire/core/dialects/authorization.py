"""In which header a key goes, where a deployment says that itself (`auth=`)."""


def key_header(auth: str, key: "str | None", usual: str = "bearer") -> "tuple[str, str]":
    """Name and value of the header for a key; ("", "") for none.

    Args:
        auth: what the deployment says: "bearer", "api-key", "x-api-key", "none", or "".
        key: the key, None or "" for none.
        usual: what "" means in this dialect.
    """
    auth = auth or usual
    if not key or auth == "none":
        return "", ""
    return ("Authorization", "Bearer " + key) if auth == "bearer" else (auth, key)
