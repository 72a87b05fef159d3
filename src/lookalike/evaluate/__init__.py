"""How good the answers are: retrieval measured on a shop's own catalogue, with intervals, recipes side by side.

    splits       which groups are held out, the same on every machine
    shelf        what a store holds, view by view, with the facts that answers are judged by
    questions    what is asked: further views for main views (identity), or neighbours that share a fact
    contenders   who answers: a store with weights, or anything that can score
    ranking      the first k answers of each query, in blocks: memory does not grow with queries x gallery
    metrics      pure functions from ranked answers to scores
    intervals    bootstrap intervals, and paired tests between contenders
    report       what was measured; JSON
    page         the worst failures as pictures
    benchmark    the story: a catalogue or stores in, a report out

It measures vectors and weights: no rule, no re-ranking, no index of approximate neighbours has a part in it.
"""

from lookalike.evaluate.benchmark import compare, evaluate
from lookalike.evaluate.contenders import Contender, StoreContender
from lookalike.evaluate.questions import Question
from lookalike.evaluate.report import Report
from lookalike.evaluate.splits import held_out

__all__ = ["Contender", "Question", "Report", "StoreContender", "compare", "evaluate", "held_out"]
