"""What every table is headed by: the machine, the versions, the exact command."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("lookalike", "numpy", "onnxruntime", "pylance", "simplejpeg", "pillow", "scikit-learn", "torch")


def heading() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    versions = [f"{name} {found}" for name in _PACKAGES if (found := _version(name))]
    return "\n".join(
        [
            f"machine:  {cores} cores, {_processor()}, {platform.system()}{load}",
            f"versions: Python {platform.python_version()}, {', '.join(versions)}, commit {_commit()}",
            f"command:  python {shlex.join([os.path.relpath(sys.argv[0]), *sys.argv[1:]])}",
        ]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        for line in cpus.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    def git(*words: str) -> str:
        run = subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
        return run.stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
    except OSError:
        return "unknown"
