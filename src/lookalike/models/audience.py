"""Which department a look is from: a guess off its garments, with a confidence. It is never needed.

It is read off what is worn, not off a face, by the classifier that comes with the image model. Whoever asks may
say from which confidence on it counts, overrule it, or turn it off.
"""

from __future__ import annotations

import numpy as np

from lookalike.models.attributes import AttributeReader
from lookalike.types import Guess, Vectors

_TINY = 1e-6  # so that no garment alone can rule a department out


def audience_of(reader: AttributeReader | None, vectors: Vectors) -> Guess | None:
    """The department of garments that one person wears. None where the image model tells none, or sees none.

    The geometric mean of what each garment says: garments of one person say much the same, so that agreement makes
    the guess no surer than they are. vectors: their image part as a store keeps it.  # (n, dim)
    """
    head = reader.heads.get("audience") if reader is not None else None
    seen = vectors[vectors.any(axis=1)]
    if reader is None or head is None or not len(seen):
        return None
    shares = np.exp(np.log(head.shares(reader.embeddings(seen)) + _TINY).mean(axis=0))
    best = int(shares.argmax())
    return Guess(head.labels[best], float(shares[best] / shares.sum()))
