"""The story of an evaluation: stores are opened or made, questions asked, answers ranked, scored and compared."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.evaluate import metrics
from lookalike.evaluate import questions as asking
from lookalike.evaluate.contenders import Contender, StoreContender
from lookalike.evaluate.intervals import Figure, difference, figure
from lookalike.evaluate.metrics import Scores
from lookalike.evaluate.questions import Question
from lookalike.evaluate.ranking import Ranked, rank
from lookalike.evaluate.report import Answers, Failure, Report, Result
from lookalike.evaluate.shelf import Shelf, has_column
from lookalike.evaluate.splits import held_out
from lookalike.indexing.fitting import Progress
from lookalike.indexing.job import index
from lookalike.media.fetching import Fetcher
from lookalike.models.weights import weights_digest
from lookalike.recipe import Recipe, check_weights
from lookalike.recommend.recommender import Recommender
from lookalike.store.interface import Store
from lookalike.types import PARTS, View

QUERIES = 1_500
SEED = 20_240_607
DEPTHS = (1, 5, 10)
_USUAL = ("category", "colour", "audience")
_TOGETHER = 64  # lists whose variety is looked up in one go

PathLike = str | os.PathLike[str]


def evaluate(
    source: PathLike | None = None,
    *,
    columns: str | None = None,
    images: PathLike | None = None,
    recipes: Mapping[str, Recipe] | None = None,
    stores: Mapping[str, PathLike] | None = None,
    weightings: Sequence[Mapping[str, float]] = (),
    keep: PathLike | None = None,
    identity: bool | None = None,
    attributes: Sequence[str] | None = None,
    apart: str = "",
    queries: int = QUERIES,
    seed: int = SEED,
    split: float | None = None,
    depths: Sequence[int] = DEPTHS,
    worst: int = 0,
    fetcher: Fetcher | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Report:
    """How well recipes and stores answer on a shop's own catalogue, side by side; the first is the measure.

    source, columns, images: the catalogue, as in `index`; not needed where only stores are compared.
    recipes: by name; each is indexed into a store below `keep`, where a second run finds it, or into a temporary
    one. stores: by name, of the same catalogue. With neither, the default recipe is measured.
    weightings: each is tried on every store; parts that one does not name count nothing. None: the recipe's own.
    identity, attributes: what to ask; when neither is said, whatever the catalogue has an answer to.
    apart: a column; products that say the same there are no neighbours, as pictures by one sender are not.
    split: queries only from this held-out share of styles, `held_out(style in lower case, split)`.
    depths: the k of the metrics. worst: failures to keep for each contender and question.
    Raises `LookalikeError` where there is nothing to compare or to ask.
    """
    _check(queries=queries, split=split, depths=depths, weightings=weightings)
    with _opened(source, columns, images, recipes, stores, keep, fetcher, progress) as shops:
        contenders = _contenders(shops, weightings)
        name, store = next(((n, s) for n, s, _ in shops if _sees(s)), shops[0][:2])
        wanted = _columns(store, identity, attributes)
        facts = dict.fromkeys([*wanted, *([apart] if apart else []), *(["colour"] if _sees(store) else [])])
        shelf = Shelf.read(store, list(facts), name=name)
        asked = []
        if identity or (identity is None and attributes is None):
            views = _identity(shelf, queries, seed, split)
            asked += [views] if identity or views.queries else []
        if attributes is None:
            wanted = [column for column in wanted if len({*shelf.facts[column]} - {""}) > 1]
        if wanted:
            rows = [at for at in asking.main_views(shelf) if _is_asked(shelf.styles[at], split)]
            rows = asking.drawn(rows, queries, seed=seed)
            asked += asking.attributes(shelf, wanted, queries=rows, apart=apart)
        if not asked:
            raise LookalikeError(
                f"{name} has nothing to ask: no further views, and no column of {', '.join(_USUAL)}"
            )
        title = os.fspath(source) if source is not None else name
        return compare(contenders, asked, source=title, depths=depths, seed=seed, worst=worst, progress=progress)


def compare(
    contenders: Sequence[Contender],
    questions: Sequence[Question],
    *,
    source: str = "",
    depths: Sequence[int] = DEPTHS,
    seed: int = SEED,
    worst: int = 0,
    progress: Progress = lambda stage, done, total: None,
) -> Report:
    """Every contender answers every question; the others are compared with the first, query by query.

    What a list's variety is, the first contender says for all, so that it is on one scale.
    """
    results = []
    for number, question in enumerate(questions):
        if not question.queries:
            raise LookalikeError(
                f"there is no query for {question.name}: the catalogue does not say it, has no further view, "
                "or the split leaves out all that do"
            )
        answers: list[Answers] = []
        first: dict[str, Scores] = {}
        for at, contender in enumerate(contenders):
            progress("evaluating", number * len(contenders) + at, len(questions) * len(contenders))
            ranked = rank(question, contender, k=max(depths))
            if ranked is None:
                answers.append(Answers(contender.name, {}, {}))
                continue
            scores = _scores(question, ranked, depths)
            if question.kind == "attribute":
                scores |= _variety(question, ranked, contenders[0], max(depths))
            figures = {name: figure(of, question.clusters, seed=seed) for name, of in scores.items()}
            if question.kind == "attribute":
                figures[f"coverage@{max(depths)}"] = _coverage(ranked, len(question.gallery))
            better = {
                n: difference(of, first[n], question.clusters, seed=seed) for n, of in scores.items() if n in first
            }
            first = first or scores
            answers.append(Answers(contender.name, figures, better, _failures(question, ranked, worst)))
        results.append(
            Result(question.name, question.kind, len(question.queries), len(question.gallery), tuple(answers))
        )
    return Report(source, seed, tuple(results))


# -- what is compared -------------------------------------------------------------------------------

Shop = tuple[str, Store, Mapping[str, float]]  # name, store, weights


@contextmanager
def _opened(
    source: PathLike | None,
    columns: str | None,
    images: PathLike | None,
    recipes: Mapping[str, Recipe] | None,
    stores: Mapping[str, PathLike] | None,
    keep: PathLike | None,
    fetcher: Fetcher | None,
    progress: Progress,
) -> Iterator[list[Shop]]:
    """Recipes first, in the order given, then stores."""
    if source is None and (recipes or not stores):
        raise LookalikeError("a recipe is measured on a catalogue: name its file, or compare stores alone")
    with tempfile.TemporaryDirectory(prefix="lookalike-evaluate-") as passing:
        shops: list[Shop] = []
        if source is not None:
            for name, recipe in (recipes or ({} if stores else {"default": Recipe()})).items():
                path = Path(keep or passing) / _kept_as(source, columns, images, recipe)
                index(
                    source,
                    path,
                    columns=columns,
                    images=images,
                    recipe=recipe,
                    prune=True,
                    fetcher=fetcher,
                    progress=progress,
                )
                shops.append((name, Recommender.open(path).store, recipe.weights))
        for name, folder in (stores or {}).items():
            store = Recommender.open(folder).store
            shops.append((name, store, store.header.recipe.weights))
        yield shops


def _kept_as(source: PathLike, columns: str | None, images: PathLike | None, recipe: Recipe) -> str:
    """The same folder for the same catalogue, recipe and models."""
    models = [weights_digest(getattr(recipe, part)) for part in (*PARTS, "cutout")]
    place = [str(Path(path).resolve()) if path else "" for path in (source, images)]
    return hashlib.sha256(repr([recipe.fingerprint(), models, place, columns]).encode()).hexdigest()[:16]


def _contenders(shops: Sequence[Shop], weightings: Sequence[Mapping[str, float]]) -> list[StoreContender]:
    if not weightings:
        return [StoreContender(name, store, weights) for name, store, weights in shops]
    return [
        StoreContender(spelled if len(shops) == 1 else f"{name}: {spelled}", store, weights)
        for name, store, _ in shops
        for weights in weightings
        for spelled in [" ".join(f"{part} {weight:g}" for part, weight in weights.items())]
    ]


# -- what is asked ----------------------------------------------------------------------------------


def _columns(store: Store, identity: bool | None, attributes: Sequence[str] | None) -> list[str]:
    """The columns to ask for: those wished for, else, unless identity alone is, the usual ones."""
    if attributes is not None:
        return list(attributes)
    return [] if identity else [column for column in _USUAL if has_column(column, store.header)]


def _identity(shelf: Shelf, queries: int, seed: int, split: float | None) -> Question:
    every = asking.identity(shelf)
    places = {(view.product_id, view.number): at for at, view in enumerate(shelf.views)}
    rows = [places[view.product_id, view.number] for view in every.queries]
    rows = [at for at in rows if _is_asked(shelf.styles[at], split)]
    return asking.identity(shelf, queries=asking.drawn(rows, queries, seed=seed))


def _is_asked(style: str, split: float | None) -> bool:
    return split is None or held_out(style.lower(), split)


def _sees(store: Store) -> bool:
    return any(part != "text" for part in store.header.parts)


def _check(
    *, queries: int, split: float | None, depths: Sequence[int], weightings: Sequence[Mapping[str, float]]
) -> None:
    if queries < 2:
        raise LookalikeError(f"queries is {queries}: ask at least 2")
    if split is not None and not 0 < split <= 1:
        raise LookalikeError(f"split is {split}: use a share above 0, up to 1")
    if not depths or min(depths) < 1:
        raise LookalikeError(f"depths are {list(depths)}: give at least one k, from 1")
    for weights in weightings:
        check_weights(weights)


# -- how it was answered ----------------------------------------------------------------------------


def _scores(question: Question, ranked: Ranked, depths: Sequence[int]) -> dict[str, Scores]:
    """One score a query for each metric; at most what is commonly shown for the kind of question."""
    deepest = max(depths)
    if question.kind == "identity":
        scores = {f"R@{k}": metrics.found_at(ranked.hits, k) for k in depths}
    else:
        scores = {f"P@{k}": metrics.precision_at(ranked.hits, k) for k in depths}
        scores[f"R@{deepest}"] = metrics.found_at(ranked.hits, deepest)
        scores[f"recall@{deepest}"] = metrics.recall_at(ranked.hits, ranked.wanted, deepest)
    scores[f"mAP@{deepest}"] = metrics.average_precision_at(ranked.hits, ranked.wanted, deepest)
    scores[f"nDCG@{deepest}"] = metrics.ndcg_at(ranked.hits, ranked.wanted, deepest)
    return scores


def _coverage(ranked: Ranked, gallery: int) -> Figure:
    share, spread = metrics.coverage(ranked.places, gallery), metrics.coverage_spread(ranked.places, gallery)
    return Figure(share, max(0.0, share - 1.96 * spread), min(1.0, share + 1.96 * spread))


def _variety(question: Question, ranked: Ranked, judge: Contender, k: int) -> dict[str, Scores]:
    """How unlike each other the answers of each list are, in the judge's eyes."""
    found = np.zeros(len(ranked.places))
    for at in range(0, len(found), _TOGETHER):
        lists = [row[row >= 0] for row in ranked.places[at : at + _TOGETHER]]
        shown = np.unique(np.concatenate(lists))
        views = [question.gallery[place] for place in shown]
        answer = judge.asked(views, words=question.words) if views else None
        if answer is None:
            return {}
        likeness = answer(views)
        for offset, row in enumerate(lists):
            rows = np.searchsorted(shown, row)
            found[at + offset] = metrics.variety(likeness[np.ix_(rows, rows)])
    return {f"variety@{k}": found}


def _failures(question: Question, ranked: Ranked, count: int) -> tuple[Failure, ...]:
    """Of the queries whose first answer was wrong: nothing right in the list first, then the surest error."""
    wrong = np.flatnonzero(~ranked.hits[:, 0] & (ranked.nearest_right >= 0))
    order = np.lexsort([-ranked.lead[wrong], ranked.hits[wrong].any(axis=1)])

    def shown(query: int) -> tuple[tuple[View, bool], ...]:
        row = zip(ranked.places[query], ranked.hits[query], strict=True)
        return tuple((question.gallery[place], bool(right)) for place, right in row if place >= 0)

    return tuple(
        Failure(
            question.queries[query],
            shown(query),
            question.gallery[ranked.nearest_right[query]],
            float(ranked.lead[query]),
        )
        for query in wrong[order][:count]
    )
