"""How many files and connections this process may have open."""

from __future__ import annotations

import resource

# Open besides the connections: database, models, libraries, decoders, and what is accepted in one
# turn of the event loop before anybody has counted it.
_OTHERS = 256


def allow_files(connections: int) -> int:
    """How many of the connections there may be without running out of descriptors.

    Raises the limit of this process first, as far as the system lets us.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 2 * _OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        soft = max(soft, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return fitting(connections, soft)


def fitting(connections: int, files: int) -> int:
    """As many as fit below that limit of open files, which may be RLIM_INFINITY."""
    if files == resource.RLIM_INFINITY:
        return connections
    return max(1, min(connections, files - min(_OTHERS, files // 2)))
