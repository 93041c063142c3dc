"""What an installer's many lines come to: one line with the cause and the cure."""

# The first whose sign is found in the text wins; the more telling come first.
CURES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("No space left on device", "ENOSPC"),
        "no space left on the disk; .venv needs about 1 GB, make room and try again",
    ),
    (
        ("Read-only file system", "EROFS"),
        "the directory cannot be written to; use a checkout on a writable disk",
    ),
    (
        ("Permission denied", "EACCES"),
        "permission denied; the checkout and its .venv must belong to you",
    ),
    (
        ("DO NOT MATCH THE HASHES", "Hash mismatch", "EINTEGRITY"),
        "a download is not the file that the lock names; try again, then look at what your index serves",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "UNABLE_TO_VERIFY", "SELF_SIGNED_CERT"),
        "the index's certificate is not trusted here; set PIP_CERT, SSL_CERT_FILE and NODE_EXTRA_CA_CERTS",
    ),
    (
        (
            "Failed to establish a new connection",
            "Could not find a version",
            "Name or service not known",
            "name resolution",
            "Connection refused",
            "ConnectionResetError",
            "IncompleteRead",
            "RemoteDisconnected",
            "Read timed out",
            "ECONNREFUSED",
            "ECONNRESET",
            "ENOTFOUND",
            "ETIMEDOUT",
            "EAI_AGAIN",
        ),
        "the package index gave nothing; check the network, PIP_INDEX_URL and npm's registry if set",
    ),
)


def explain(said: str) -> str:
    """The cause and the cure in one line; the last error line as it is where the cause is new to us."""
    for signs, cure in CURES:
        if any(sign in said for sign in signs):
            return cure
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no reason was given"])[-1]
