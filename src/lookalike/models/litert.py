"""The only door to LiteRT, which runs TFLite files."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.errors import ModelError
from lookalike.extras import require


class LiteSession:
    """One loaded TFLite file. Calls from several threads take turns."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        interpreter = require("ai_edge_litert.interpreter", extra="pose", to="run TFLite files")
        self._turn = threading.Lock()
        try:
            self._interpreter = interpreter.Interpreter(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"{path} is no TFLite file that can be run: {str(error)[:200]}") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, tensor: npt.NDArray[np.float32]) -> list[npt.NDArray[Any]]:
        """Every output for this input, in the order of the file."""
        with self._turn:
            try:
                self._interpreter.set_tensor(self._input, tensor)
                self._interpreter.invoke()
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"a TFLite file failed: {str(error)[:200]}") from error
            return [self._interpreter.get_tensor(output) for output in self._outputs]
