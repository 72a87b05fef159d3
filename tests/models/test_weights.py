"""Weights are found, checked and fetched; nothing is loaded but ONNX, safetensors and JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import ModelError, ModelNotFound
from lookalike.media.caching import CACHE, cache_folder
from lookalike.models import all_specs, find_spec
from lookalike.models.specs import ModelSpec
from lookalike.models.weights import (
    export_target,
    find_tokenizer,
    find_weights,
    is_here,
    pull,
    sha256,
    weights_digest,
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def spec(weights: str, **facts: Any) -> ModelSpec:
    return replace(find_spec("resnet18"), weights=weights, path="mine.toml", **facts)


class Given:
    """A fetcher that writes what it is given, and notes what it was asked."""

    def __init__(self, content: bytes = b"weights") -> None:
        self.content, self.asked = content, list[tuple[str, str]]()

    def download(
        self, url: str, path: Path, *, sha256: str = "", progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.asked.append((url, sha256))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)


@pytest.mark.parametrize("name", [s.name for s in all_specs().values() if s.weights.startswith("bundled:")])
def test_what_ships_in_the_package_is_what_its_spec_says(name: str) -> None:
    shipped = find_spec(name)
    assert shipped.sha256
    assert sha256(find_weights(shipped)) == shipped.sha256
    assert (weights_digest(name) == shipped.sha256) == (not shipped.shares)


def test_the_default_models_are_here_and_the_others_tell_how_to_get_them() -> None:
    for name in ("efficientnet-lite0", "wordllama", "gradients", "hashed-words", "garment-colours"):
        assert is_here(find_spec(name))
    assert not is_here(find_spec("resnet50"))
    with pytest.raises(ModelNotFound, match="lookalike models pull resnet50"):
        find_weights(find_spec("resnet50"))
    with pytest.raises(ModelNotFound, match="lookalike models export tinybert-6l"):
        find_weights(find_spec("tinybert-6l"))


def test_weights_of_a_package_are_found_in_it() -> None:
    wordllama = find_spec("wordllama")
    assert find_weights(wordllama).suffix == ".safetensors"
    assert find_tokenizer(wordllama).suffix == ".json"
    with pytest.raises(ModelNotFound, match="pip install --no-deps no-such-package"):
        find_weights(spec("package:no-such-package/w.onnx"))


@pytest.mark.parametrize(
    "place",
    [
        "cache:../outside.onnx",
        "cache:a/../../outside.onnx",
        "cache:/etc/outside.onnx",
        "bundled:../specs/outside.json",
        "package:wordllama/../../outside.json",
        "package:wordllama//etc/outside.json",
    ],
)
def test_no_place_leads_out_of_its_folder(place: str) -> None:
    with pytest.raises(ModelError, match=r"mine\.toml: .* leads out of"):
        find_weights(spec(place))
    assert isinstance(find_spec("resnet18"), ModelSpec)


@pytest.mark.parametrize(
    "place", ["cache:model.pt", "cache:model.pkl", "cache:model.bin", "bundled:x.npy", "cache:"]
)
def test_nothing_is_loaded_but_onnx_safetensors_and_json(place: str) -> None:
    with pytest.raises(ModelError, match="nothing else is loaded"):
        find_weights(spec(place))


@pytest.mark.parametrize("place", ["https://example.com/model.onnx", "/models/w.onnx", "w.onnx", "w.pt", ""])
def test_a_place_must_be_one_that_is_known(place: str) -> None:
    with pytest.raises(ModelError, match="must begin with bundled:, package:, cache: or file:"):
        find_weights(spec(place))


def test_a_file_lies_beside_its_spec(tmp_path: Path) -> None:
    (tmp_path / "w.onnx").write_bytes(b"x")
    assert find_weights(replace(spec("file:w.onnx"), path=str(tmp_path / "mine.toml"))) == tmp_path / "w.onnx"


def test_a_link_in_the_cache_may_lead_to_where_the_user_keeps_models(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.onnx").write_bytes(b"x")
    cache.mkdir(parents=True)
    (cache / "m.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    assert find_weights(spec("cache:m.onnx")) == cache / "m.onnx"


def test_a_damaged_file_is_named_with_both_sums(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "m.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=rf"m\.onnx is damaged: its SHA-256 is [0-9a-f]{{64}}.*{'0' * 64}"):
        find_weights(spec("cache:m.onnx", sha256="0" * 64))


def test_a_weightless_model_has_no_sum_and_one_with_weights_has() -> None:
    assert weights_digest("none") == weights_digest("gradients") == ""
    assert len(weights_digest("wordllama")) == 64


def test_what_is_pulled_lies_in_the_cache_and_is_not_pulled_again(cache: Path) -> None:
    fetcher = Given()
    for _ in range(2):
        assert pull(find_spec("resnet50"), fetcher=fetcher) == [cache / "resnet50.onnx"]
    assert len(fetcher.asked) == 1
    assert is_here(find_spec("resnet50"))


def test_a_tokenizer_is_pulled_with_its_model(cache: Path) -> None:
    fetcher = Given()
    assert len(pull(find_spec("minilm"), fetcher=fetcher)) == 2
    assert (cache / "minilm" / "tokenizer.json").is_file()


def test_a_file_with_the_wrong_sum_is_pulled_again(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "m.onnx").write_bytes(b"damaged")
    fetcher = Given()
    pull(spec("cache:m.onnx", sha256="0" * 64), fetcher=fetcher)
    assert fetcher.asked[0][1] == "0" * 64


@pytest.mark.parametrize("place", ["file:../../somewhere.json", "package:wordllama/x.json", "bundled:x.onnx"])
def test_nothing_is_pulled_but_into_the_cache(place: str) -> None:
    fetcher = Given()
    with pytest.raises(ModelError, match="not in the cache"):
        pull(spec(place), fetcher=fetcher)
    assert fetcher.asked == []


def test_a_model_without_an_address_says_how_it_is_made() -> None:
    with pytest.raises(ModelNotFound, match=r"no address to pull from.*models export tinybert-6l"):
        pull(find_spec("tinybert-6l"), fetcher=Given())
    assert pull(find_spec("gradients"), fetcher=Given()) == []


def test_an_exported_graph_goes_where_the_spec_looks_for_it(cache: Path) -> None:
    assert export_target(find_spec("tinybert-6l")) == cache / "tinybert-6l" / "model.onnx"
    assert export_target(find_spec("efficientnet-lite0")) == cache / "efficientnet-lite0.onnx"


def test_without_a_wish_the_cache_is_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "lookalike"
