"""Pixels and words in, numbers out: models by name, and the encoder that obeys a recipe."""

from lookalike.models.detectors import open_detector
from lookalike.models.embedders import open_image_embedder, open_text_embedder
from lookalike.models.pose import open_pose_estimator
from lookalike.models.segmenters import open_segmenter
from lookalike.models.specs import ModelSpec, all_specs, find_spec

__all__ = [
    "ModelSpec",
    "all_specs",
    "find_spec",
    "open_detector",
    "open_image_embedder",
    "open_pose_estimator",
    "open_segmenter",
    "open_text_embedder",
]
