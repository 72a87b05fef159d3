"""The only door to ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from lookalike.errors import ModelError
from lookalike.models.graphs import with_pooled_output

Arrays = Mapping[str, npt.NDArray[Any]]


class Session:
    """One loaded graph. Safe to call from several threads."""

    def __init__(self, path: Path, *, output: str = "", threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = False  # it keeps what it once took: 36 MB of the parser, for 2 % of time
        options.log_severity_level = 3  # errors; warnings about unused initialisers are no news to a shop
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting must not burn a core
        self.path = path
        try:
            with path.open("rb") as file:
                graph: str | bytes = str(path)  # of bytes a session keeps a copy, of a file none
                if output == "pooled":
                    graph, output = with_pooled_output(file.read())
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except OSError as error:
            raise ModelError(f"cannot read the model {path}: {error.strerror}") from error
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        except Exception as error:  # ONNX Runtime raises its own kinds, none of them public
            raise ModelError(f"{path} is no ONNX graph that can be run: {str(error)[:200]}") from error
        self.inputs: list[str] = [i.name for i in self._session.get_inputs()]
        self.shapes: dict[str, list[int | str | None]] = {i.name: i.shape for i in self._session.get_inputs()}
        self.types: dict[str, str] = {
            i.name: i.type for i in self._session.get_inputs()
        }  # such as "tensor(float)"
        self.outputs: list[str] = [o.name for o in self._session.get_outputs()]
        self.notes: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)  # of whoever made it
        self._output = output or self.outputs[0]
        if self._output not in self.outputs:
            raise ModelError(f"{path} has no output {output!r}: it has {', '.join(self.outputs)}")

    def run(self, arrays: Arrays) -> npt.NDArray[np.float32]:
        """The output for these inputs. Inputs that the graph does not take are left out."""
        found: npt.NDArray[np.float32] = self._run([self._output], arrays)[0]
        return found

    def run_all(self, arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
        """Every output for these inputs, by name."""
        return dict(zip(self.outputs, self._run(self.outputs, arrays), strict=True))

    def _run(self, outputs: Sequence[str], arrays: Arrays) -> Sequence[npt.NDArray[Any]]:
        wanted = {name: array for name, array in arrays.items() if name in self.inputs}
        try:
            found: Sequence[npt.NDArray[Any]] = self._session.run(list(outputs), wanted)
        except Exception as error:  # likewise
            raise ModelError(f"{self.path} failed: {str(error)[:200]}") from error
        return found


def default_threads() -> int:
    """As many as this process may use, at most 8: beyond that one picture gains nothing."""
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
