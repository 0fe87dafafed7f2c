"""Word lists, written as running text so that they can be read."""


def words(listed: str) -> frozenset[str]:
    """Return the words of a list separated by white space."""
    return frozenset(listed.split())
