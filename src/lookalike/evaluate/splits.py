"""Which part of a catalogue is held out: by group, never by file, and the same on every machine.

A group is what must not be on both sides: a style with all its variants and views, a sender with all pictures,
a photograph with all its crops. Training leaves out the groups of which `held_out` is true, and evaluation takes
its queries from them alone.
"""

from __future__ import annotations

import hashlib


def held_out(group: str, share: float, *, salt: str = "") -> bool:
    """Whether a group belongs to the held-out share, 0..1.

    The first 32 bits of the MD5 of `salt + group`, as a fraction of 2^32, lie below the share: so a larger share
    holds out all that a smaller one does, and new products change nothing for old ones. Another salt draws anew.

    >>> [group for group in ("mh08", "mh09", "mh10", "mh11") if held_out(group, 0.25)]
    ['mh09', 'mh10']
    """
    digest = hashlib.md5((salt + group).encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) / 2**32 < share
