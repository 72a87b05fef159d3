"""Words into the space of the pictures: a projection learned on titles and on what users might say instead.

Both towers stay as they are; only the projection between them learns, from pairs of a picture and a text that
names it. A text is the title, or a phrase made of the attributes of the product in changing order and wording.
Pictures of products that share type, colour and department with the text's own count as right, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.extras import require
from lookalike.models.alignment import Projection
from lookalike.models.embedders import open_text_embedder
from lookalike.models.reduction import unit
from lookalike.types import Vectors

HIDDEN = 512
TEMPERATURE = 0.07
_PHRASES = (
    "{colour} {type} for {who}",
    "{who} {colour} {type}",
    "{colour} {type}",
    "{type} in {colour}",
    "{type} {colour} {who}",
    "{who} {type}",
    "{usage} {colour} {type} for {who}",
    "{type}",
)
_WHO = {
    "Men": ("men", "man", "mens", "him", "guys"),
    "Women": ("women", "woman", "womens", "her", "ladies"),
    "Boys": ("boys", "boy", "kids"),
    "Girls": ("girls", "girl", "kids"),
    "Unisex": ("men and women", "everyone", "unisex"),
}
_NAMES = {
    "Tshirts": ("t-shirt", "tshirt", "tee", "t shirt"),
    "Casual Shoes": ("casual shoes", "sneakers", "shoes"),
    "Sports Shoes": ("sports shoes", "running shoes", "trainers", "sneakers"),
    "Formal Shoes": ("formal shoes", "dress shoes", "oxfords"),
    "Heels": ("heels", "high heels", "pumps"),
    "Flats": ("flats", "ballerinas", "flat shoes"),
    "Sweatshirts": ("sweatshirt", "hoodie", "hooded sweatshirt"),
    "Sweaters": ("sweater", "pullover", "jumper", "knitwear"),
    "Trousers": ("trousers", "pants", "chinos"),
    "Track Pants": ("track pants", "joggers", "sweatpants"),
    "Handbags": ("handbag", "bag", "purse"),
    "Backpacks": ("backpack", "rucksack", "bag"),
    "Sunglasses": ("sunglasses", "shades"),
    "Briefs": ("briefs", "underwear"),
    "Flip Flops": ("flip flops", "slippers"),
    "Innerwear Vests": ("vest", "undershirt", "tank top"),
    "Kurtas": ("kurta", "tunic"),
    "Caps": ("cap", "baseball cap", "hat"),
    "Jackets": ("jacket", "coat"),
}


def phrase(facts: Mapping[str, str], rng: np.random.Generator) -> str:
    """What a user might type to find a product with these attributes.

    facts: "type", "colour", "audience", "usage"; what is missing is left out.

    >>> phrase({"type": "Tshirts", "colour": "Red", "audience": "Men"}, np.random.default_rng(0))
    't shirt red him'
    """
    names = _NAMES.get(facts.get("type", ""), (_single(facts.get("type", "").lower()),))
    words = {
        "type": str(rng.choice(names)),
        "colour": facts.get("colour", "").lower(),
        "who": str(rng.choice(_WHO.get(facts.get("audience", ""), ("",)))),
        "usage": facts.get("usage", "").lower(),
    }
    text = str(rng.choice(_PHRASES)).format(**words)
    return re.sub(r"\s+", " ", re.sub(r" (?:for|in)\s*$", "", text.rstrip())).strip()


def learn_projection(
    embeddings: Vectors,
    titles: Sequence[str],
    facts: Sequence[Mapping[str, str]],
    *,
    text: str = "wordllama",
    steps: int = 3000,
    seed: int = 0,
) -> Projection:
    """The projection that brings texts to their pictures.

    embeddings: (n, dim), unit rows of the image model before any reduction. titles, facts: of the same products.
    """
    torch = require("torch", extra="train", to="train a model")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    embedder = open_text_embedder(text)
    kinds = _numbered([(f.get("type"), f.get("colour"), f.get("audience")) for f in facts])
    first = torch.nn.Linear(embedder.dim, HIDDEN)
    second = torch.nn.Linear(HIDDEN, embeddings.shape[1])
    optimiser = torch.optim.AdamW([*first.parameters(), *second.parameters()], lr=1e-3, weight_decay=0.05)
    pictures = torch.from_numpy(np.ascontiguousarray(embeddings))
    for step in range(steps):
        places = rng.choice(len(titles), min(512, len(titles)), replace=False)
        texts = [titles[at] if rng.random() < 0.4 else phrase(facts[at], rng) for at in places]
        rows = torch.from_numpy(unit(embedder.embed(texts)))
        said = torch.nn.functional.normalize(second(torch.relu(first(rows))), dim=1)
        loss = _both_ways(torch, said, pictures[torch.from_numpy(places)], torch.from_numpy(kinds[places]))
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * min(1.0, (step + 1) / 100, (steps - step) / (0.5 * steps))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    arrays: list[npt.NDArray[np.float32]] = [
        tensor.detach().numpy().astype(np.float32)
        for tensor in (first.weight.T, first.bias, second.weight.T, second.bias)
    ]
    return Projection(text, *arrays)


def _both_ways(torch: Any, said: Any, seen: Any, kinds: Any) -> Any:
    """Each text finds its pictures and each picture its texts; pictures of one kind are all right."""
    logits = said @ seen.T / TEMPERATURE
    right = (kinds[:, None] == kinds[None, :]).float()
    own = torch.eye(len(kinds))
    target = 0.5 * own + 0.5 * right / right.sum(1, keepdim=True)
    log_softmax = torch.nn.functional.log_softmax
    return -(target * log_softmax(logits, 1)).sum(1).mean() - (target * log_softmax(logits.T, 1)).sum(1).mean()


def _single(name: str) -> str:
    """A type's name as one says it of one thing: "shirts" as "shirt", "dresses" as "dress"."""
    if name.endswith(("shoes", "jeans", "shorts", "pants", "leggings", "tights", "socks", "glasses")):
        return name
    if name.endswith(("sses", "shes", "ches", "xes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _numbered(names: Sequence[Any]) -> npt.NDArray[np.int64]:
    numbers: dict[Any, int] = {}
    return np.asarray([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
