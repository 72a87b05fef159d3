"""What is minimised: likeness of pairs, order of triplets, and names of things. All on rows of unit length."""

from __future__ import annotations

from typing import Any

from lookalike.extras import require


def _torch() -> Any:
    return require("torch", extra="train", to="train a model")


def info_nce(vectors: Any, identities: Any, *, kin: Any = None, temperature: float = 0.08) -> Any:
    """Views of one thing attract each other, all others push away: supervised contrastive loss.

    vectors: (n, dim), unit rows. identities: (n,), equal numbers are views of one thing; a thing with one view
    is only pushed. kin: (n,), different things with equal numbers (not -1) neither attract nor push each other.
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, its L_out.
    """
    torch = _torch()
    logits = vectors @ vectors.T / temperature
    itself = torch.eye(len(vectors), dtype=torch.bool)
    logits = logits.masked_fill(itself.to(logits.device), -1e4)
    alike = (identities[:, None] == identities[None, :]) & ~itself.to(logits.device)
    pushing = logits
    if kin is not None:
        related = (kin[:, None] == kin[None, :]) & (kin[:, None] >= 0) & ~alike
        pushing = logits.masked_fill(related, -1e4)
    log_share = logits - pushing.logsumexp(dim=1, keepdim=True)
    count = alike.sum(1)
    seen = count > 0
    if not bool(seen.any()):
        return logits.sum() * 0.0
    return -((log_share * alike).sum(1)[seen] / count[seen]).mean()


def triplet(anchor: Any, positive: Any, negative: Any, *, margin: float = 0.2) -> Any:
    """The positive is nearer to the anchor than the negative by a margin. (Schroff et al., FaceNet, CVPR 2015)

    All (n, dim), unit rows; squared distances.
    """
    near = (anchor - positive).pow(2).sum(1)
    far = (anchor - negative).pow(2).sum(1)
    return (near - far + margin).clamp(min=0).mean()


def batch_hard(vectors: Any, identities: Any, *, margin: float = 0.2) -> Any:
    """Triplet loss with each row's farthest positive and nearest negative of the batch. (Hermans et al., 2017)"""
    torch = _torch()
    distance = 2 - 2 * vectors @ vectors.T
    alike = identities[:, None] == identities[None, :]
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    farthest = distance.masked_fill(~(alike & ~itself), -1.0).amax(1)
    nearest = distance.masked_fill(alike, 9.0).amin(1)
    seen = ((alike & ~itself).any(1)) & ((~alike).any(1))
    if not bool(seen.any()):
        return distance.sum() * 0.0
    return (farthest - nearest + margin).clamp(min=0)[seen].mean()


def cross_entropy(logits: Any, labels: Any, *, smoothing: float = 0.05) -> Any:
    """Of the rows that have a label (not -1); 0 where none has."""
    torch = _torch()
    known = labels >= 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    return torch.nn.functional.cross_entropy(logits[known], labels[known], label_smoothing=smoothing)
