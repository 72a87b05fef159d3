"""Looks into an ONNX file just far enough to tap the features that feed its classifier.

A published ResNet ends in logits; what recommends is the pooled vector before them. ONNX Runtime can only
return tensors that the file lists as outputs, so one entry is added to that list. The file's protobuf is read
with a partial schema: every field that is not named here passes through unchanged.
Field numbers are those of onnx.proto3 (onnx/onnx, Apache-2.0).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from lookalike.errors import ModelError

_TEXT = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_NESTED = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_SCHEMA = {
    "Model": [("graph", 7, "Graph", False)],
    "Graph": [("node", 1, "Node", True), ("output", 12, "Value", True)],
    "Node": [("input", 1, "", True), ("output", 2, "", True), ("op_type", 4, "", False)],
    "Value": [("name", 1, "", False)],
}
_CLASSIFIERS = ("Gemm", "MatMul")
_SHAPING = ("Flatten", "Reshape", "Squeeze", "Dropout", "Identity")
_POOLING = ("GlobalAveragePool", "ReduceMean", "AveragePool")


def with_pooled_output(data: bytes) -> tuple[bytes, str]:
    """The graph with the input of its classifier as a further output, and the name of that output.

    Raises `ModelError` when the graph does not end in a pooled vector and one linear layer.
    """
    try:
        model = _model().FromString(data)
    except message.DecodeError as error:
        raise ModelError("it is no ONNX file") from error
    name = _classifier_input(model.graph)
    if name not in {value.name for value in model.graph.output}:
        model.graph.output.add(name=name)
    return bytes(model.SerializeToString()), name


def _classifier_input(graph: Any) -> str:
    maker = {name: node for node in graph.node for name in node.output}
    node = maker.get(graph.output[0].name) if graph.output else None
    while node is not None and node.op_type in ("Softmax", "LogSoftmax", "Add", *_SHAPING):
        node = next((maker[name] for name in node.input if name in maker), None)
    if node is None or node.op_type not in _CLASSIFIERS:
        raise ModelError("it does not end in one linear layer over pooled features: name its `output` in the spec")
    features = str(node.input[0])
    before = maker.get(features)
    while before is not None and before.op_type in _SHAPING:
        before = next((maker[name] for name in before.input if name in maker), None)
    if before is None or before.op_type not in _POOLING:
        raise ModelError("what feeds its last layer is not pooled: name its `output` in the spec")
    return features


@cache
def _model() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="lookalike/onnx_part.proto", package="lookalike.onnx_part")
    for kind, entries in _SCHEMA.items():
        entry = file.message_type.add(name=kind)
        for name, number, nested, repeated in entries:
            entry.field.add(
                name=name,
                number=number,
                type=_NESTED if nested else _TEXT,
                type_name=f".lookalike.onnx_part.{nested}" if nested else None,
                label=3 if repeated else 1,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("lookalike.onnx_part.Model"))
