"""Pictures and words in, vectors out: one class for each kind of embedder that a spec can name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from lookalike.errors import ModelError
from lookalike.media.framing import letterbox
from lookalike.models.attributes import open_shares
from lookalike.models.interfaces import ImageEmbedder, TextEmbedder
from lookalike.models.session import Session, default_threads
from lookalike.models.specs import ModelSpec, find_spec
from lookalike.models.weights import find_tokenizer, find_weights
from lookalike.types import Pixels, Vectors


def open_image_embedder(name: str, *, threads: int | None = None) -> ImageEmbedder:
    """The image embedder with this name. Raises `ModelError` where it is unknown or not here."""
    spec = find_spec(name)
    if spec.kind == "onnx-image":
        return OnnxImageEmbedder(spec, threads=threads)
    if spec.kind == "gradients":
        return GradientEmbedder(spec.dim)
    raise ModelError(f"{spec.name} is a model for {spec.role}, not for pictures")


def open_text_embedder(name: str, *, threads: int | None = None) -> TextEmbedder:
    """The text embedder with this name. Raises `ModelError` where it is unknown or not here."""
    spec = find_spec(name)
    if spec.kind == "onnx-text":
        return OnnxTextEmbedder(spec, threads=threads)
    if spec.kind == "static-text":
        return StaticTextEmbedder(spec)
    if spec.kind == "hashed-text":
        return HashedTextEmbedder(spec.dim)
    raise ModelError(f"{spec.name} is a model for {spec.role}, not for text")


class OnnxImageEmbedder:
    """A network as an ONNX graph: NCHW float32 in, one pooled vector out; with what its classifiers say beside it
    where the spec has `[shares]`.

    Batches run side by side, each on one thread: with nothing to wait for between layers that is up to 1.8
    times as fast as one batch on all threads when the machine has other work too (benchmarks/README.md).
    """

    def __init__(self, spec: ModelSpec, *, threads: int | None = None) -> None:
        self.dim = spec.dim
        self._spec = spec
        self._shares = open_shares(spec)
        self._session = Session(find_weights(spec), output=spec.output)
        self._pool = ThreadPoolExecutor(threads or default_threads(), thread_name_prefix="embedding")
        std = np.asarray(spec.input.std, dtype=np.float32)
        self._scale = (1 / (255 * std)).reshape(3, 1, 1)
        self._shift = (np.asarray(spec.input.mean, dtype=np.float32) / std).reshape(3, 1, 1)

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        """Letterboxed to the graph's side where they are not yet.  # (n, dim)"""
        chunks = list(_chunks(pictures, self._spec.batch))
        found = list(
            self._pool.map(self._embed_batch, chunks) if len(chunks) > 1 else map(self._embed_batch, chunks)
        )
        return np.concatenate(found) if found else np.empty((0, self.dim), np.float32)

    def _embed_batch(self, pictures: Sequence[Pixels]) -> Vectors:
        side = self._spec.input.side
        tensor = np.empty((len(pictures), 3, side, side), np.float32)
        for row, pixels in zip(tensor, pictures, strict=True):
            square = pixels if pixels.shape[:2] == (side, side) else letterbox(pixels, side)
            np.multiply(square.transpose(2, 0, 1), self._scale, out=row)
        tensor -= self._shift
        vectors = self._session.run({self._session.inputs[0]: tensor})
        flat = vectors.reshape(len(pictures), -1)
        if self._shares is not None:
            flat = self._shares.beside(flat)
        if flat.shape[1] != self.dim:
            raise ModelError(
                f"{self._spec.name} gave {flat.shape[1]} numbers a picture; its spec says dim = {self.dim}"
            )
        return flat.astype(np.float32, copy=False)


class GradientEmbedder:
    """The weightless one: histograms of oriented gradients over a grid (Dalal and Triggs, CVPR 2005).

    It sees outline and pattern, no meaning: a floor to measure networks against, and a stand-in for tests.
    """

    _CELLS, _BINS, _SIDE = 8, 8, 64

    def __init__(self, dim: int) -> None:
        self.dim = self._CELLS * self._CELLS * self._BINS
        if dim != self.dim:
            raise ModelError(f"gradients give {self.dim} numbers a picture, not {dim}")

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        found = [self._describe(pixels) for pixels in pictures]
        return np.stack(found) if found else np.empty((0, self.dim), np.float32)

    def _describe(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        grey = letterbox(pixels, self._SIDE).astype(np.float32).mean(axis=2)
        rise, run = np.gradient(grey)
        strength = np.hypot(rise, run)
        angle = (np.arctan2(rise, run) % np.pi) / np.pi * self._BINS
        cells = np.zeros((self._CELLS, self._CELLS, self._BINS), np.float32)
        step = self._SIDE // self._CELLS
        down, across = np.indices(grey.shape) // step
        np.add.at(cells, (down, across, angle.astype(int) % self._BINS), strength)
        energy = np.sqrt((cells**2).sum(axis=2, keepdims=True) + 100.0)
        described: npt.NDArray[np.float32] = (cells / energy).ravel()
        return described


class StaticTextEmbedder:
    """The mean of fixed token vectors: no network, some 100,000 titles a second.

    Reads the weights that the wordllama package carries (Miller, MIT), and the like: one table in safetensors.
    """

    def __init__(self, spec: ModelSpec) -> None:
        from safetensors.numpy import load_file

        tables = list(load_file(find_weights(spec)).values())
        if len(tables) != 1 or tables[0].ndim != 2 or tables[0].shape[1] != spec.dim:
            raise ModelError(f"the weights of {spec.name} are not one table of {spec.dim} numbers a token")
        self.dim = spec.dim
        self._table = tables[0]  # (tokens, dim), at the width of the file: half of the memory for float16
        self._tokenizer = _tokenizer(spec)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        encoded = self._tokenizer.encode_batch([t.lower() for t in texts], add_special_tokens=False)
        for vector, tokens in zip(vectors, encoded, strict=True):
            if tokens.ids:
                vector[:] = self._table[tokens.ids].mean(axis=0, dtype=np.float32)
        return vectors


class OnnxTextEmbedder:
    """A BERT-like encoder as an ONNX graph with mean-pooled output (`lookalike models export`)."""

    def __init__(self, spec: ModelSpec, *, threads: int | None = None) -> None:
        self.dim = spec.dim
        self._spec = spec
        self._session = Session(find_weights(spec), output=spec.output, threads=threads or default_threads())
        self._tokenizer = _tokenizer(spec)
        self._tokenizer.enable_padding()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Texts of like length share a batch; zeros where there are no words.  # (n, dim)"""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        by_length = sorted((i for i, text in enumerate(texts) if text.strip()), key=lambda i: len(texts[i]))
        for places in _chunks(by_length, self._spec.batch):
            vectors[places] = self._embed_batch([texts[i] for i in places])
        return vectors

    def _embed_batch(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.asarray([e.ids for e in encoded], np.int64)
        mask = np.asarray([e.attention_mask for e in encoded], np.int64)
        types = np.asarray([e.type_ids for e in encoded], np.int64)
        states = self._session.run({"input_ids": ids, "attention_mask": mask, "token_type_ids": types})
        if states.ndim == 3:  # a graph that ends in token states: pool here
            weight = mask[:, :, None].astype(np.float32)
            states = (states * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
        if states.shape[1] != self.dim:
            raise ModelError(
                f"{self._spec.name} gave {states.shape[1]} numbers a text; its spec says dim = {self.dim}"
            )
        return states


class HashedTextEmbedder:
    """The weightless one: words and their trigrams, hashed into signed buckets (Weinberger et al., ICML 2009).

    Knows spelling, not meaning; needs no file at all.
    """

    _WORD = re.compile(r"\w+")

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for token in self._tokens(text):
                bucket = crc32(token.encode())
                vector[bucket % self.dim] += 1.0 if bucket >> 31 else -1.0
        return vectors

    def _tokens(self, text: str) -> Iterator[str]:
        for word in self._WORD.findall(text.lower()):
            yield word
            padded = f"^{word}$"
            yield from ("".join(three) for three in zip(padded, padded[1:], padded[2:], strict=False))


def _tokenizer(spec: ModelSpec) -> Any:
    from tokenizers import Tokenizer

    path = find_tokenizer(spec)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{path} is no tokenizer: {str(error)[:200]}") from error
    tokenizer.enable_truncation(spec.max_tokens)
    return tokenizer


def _chunks(items: Sequence[Any], size: int) -> Iterator[Any]:
    edges = [*range(0, len(items), size), len(items)]
    return (items[a:b] for a, b in pairwise(edges) if b > a)
