"""The server under the application: a socket, one process or several, and an orderly end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from tempfile import TemporaryDirectory

import uvicorn
from uvicorn.supervisors import Multiprocess

from lookalike.errors import LookalikeError
from lookalike.serve import metrics
from lookalike.serve.app import WORKER_SETTINGS, create_app, set_up_process, settings_as_json
from lookalike.serve.log import show_log
from lookalike.serve.service import Settings

_FINISH_S = 20  # that running requests are given at the end
_BACKLOG = 1024


def run(settings: Settings, *, workers: int = 1, say: Callable[[str], None] = lambda words: None) -> None:
    """Serve until told to stop (SIGTERM, Ctrl-C); running requests are finished.

    A port of 0 takes any that is free; `say` is told the address. Raises `LookalikeError`
    where it cannot be had.
    """
    set_up_process()
    bound = _bound(settings.host, settings.port)
    settings = replace(settings, port=bound.getsockname()[1])
    say(f"serving {settings.store} at {settings.address}; Ctrl-C stops")
    show_log()
    if workers == 1:
        server = uvicorn.Server(_config(create_app(settings.store, settings), settings))
        server.run(sockets=[bound])
        return
    os.environ[WORKER_SETTINGS] = settings_as_json(settings)
    config = _config("lookalike.serve.app:app_of_worker", settings, factory=True, workers=workers)
    with TemporaryDirectory(prefix="lookalike-metrics-") as folder:
        os.environ[metrics.FOLDER] = folder
        Multiprocess(config, sockets=[bound]).run()


def _config(app: object, settings: Settings, *, factory: bool = False, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        factory=factory,
        workers=workers,
        access_log=False,
        server_header=False,
        root_path=settings.root_path,
        proxy_headers=bool(settings.trust_proxies),
        forwarded_allow_ips=list(settings.trust_proxies),
        log_config=None,  # ours
        timeout_graceful_shutdown=_FINISH_S,
        timeout_keep_alive=30,
    )


def _bound(host: str, port: int) -> socket.socket:
    """A socket that is bound, so that the port is known before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise LookalikeError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another --port"
        ) from error
    bound.set_inheritable(True)
    return bound
