"""The application: one shop, its API, its page and its widget on one port."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from lookalike import __version__
from lookalike.errors import LookalikeError
from lookalike.media.fetching import Fetcher
from lookalike.recommend.finding import Titles
from lookalike.recommend.recommender import Recommender
from lookalike.serve import metrics, reading, thumbnails, wire, writing
from lookalike.serve.document import add_document
from lookalike.serve.gate import Gate
from lookalike.serve.keys import Keys
from lookalike.serve.log import show_log
from lookalike.serve.maps import Maps
from lookalike.serve.memory import give_back, share_heaps, short_collections
from lookalike.serve.metrics import Metrics
from lookalike.serve.preparing import Preparing
from lookalike.serve.problems import EVERYWHERE, add_problems, documented
from lookalike.serve.service import Service, Serving, Settings, comparing, seeing
from lookalike.serve.thumbnails import Thumbnails
from lookalike.serve.writing import Writer

WORKER_SETTINGS = "LOOKALIKE_SERVE"  # the environment variable in which workers find their settings
WEB = Path(str(files("lookalike").joinpath("serve", "web")))
_GZIP_FROM = 1024  # bytes
_SWITCH_S = 0.0005  # after which a thread that computes lets the event loop have its turn; 0.005 is Python's own


def create_app(shop: Recommender | str | os.PathLike[str], settings: Settings | None = None) -> FastAPI:
    """The application over an open shop, or over the store at a path.

    Raises `StoreError`, `RecipeError`, `RuleError` as opening the store does.
    """
    settings = settings or Settings()
    opened = shop if isinstance(shop, Recommender) else _open(shop, settings)
    app = routed(settings)
    app.state.service = Service(opened, settings, comparing(settings.time_limit_s), seeing(settings.time_limit_s))
    app.state.writer = Writer(app.state.service)
    app.state.metrics = Metrics(app.state.service, app.state.writer.pool)
    app.add_middleware(
        Gate,
        keys=Keys(settings.keys) if settings.keys else None,
        open_writes=settings.open_writes,
        answered=app.state.metrics.answered,
        refuse_if_full=app.state.service.refuse_if_full,
    )
    if settings.allow_origins:  # around the gate, so that a page is told why it was refused
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allow_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "Retry-After", "X-Request-ID"],
            max_age=600,
        )
    app.state.thumbnails = Thumbnails()
    app.state.titles = Titles(opened.store)
    app.state.maps = Maps(opened)
    return app


def routed(settings: Settings) -> FastAPI:
    """The application without its shop: routes, errors, what stands around them; enough to describe the API."""
    app = FastAPI(
        title="lookalike",
        summary="What looks like this, in one shop's catalogue.",
        version=__version__,
        lifespan=_lifespan,
        docs_url="/docs" if settings.docs else None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    add_problems(app)
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM, compresslevel=4)
    for router in (thumbnails.router, reading.router, writing.router):
        app.include_router(router, prefix="/v1", responses=documented(*EVERYWHERE))
    app.include_router(metrics.router)
    _add_health(app)
    _add_page(app)
    add_document(app)
    return app


def app_of_worker() -> FastAPI:
    """The application as a worker process makes it, from the environment."""
    show_log()
    set_up_process()
    said = json.loads(os.environ[WORKER_SETTINGS])
    settings = settings_from(said)
    return create_app(settings.store, settings)


def set_up_process() -> None:
    """What a process that serves wants of Python and of the C library, before it does anything."""
    sys.setswitchinterval(_SWITCH_S)
    share_heaps()


def settings_from(said: Mapping[str, Any]) -> Settings:
    """Settings from plain values, as JSON holds them."""
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in said.items()}
    return Settings(**values)


def settings_as_json(settings: Settings) -> str:
    return json.dumps(asdict(settings))


def _open(path: str | os.PathLike[str], settings: Settings) -> Recommender:
    return Recommender.open(path, fetcher=Fetcher(allow_hosts=settings.allow_hosts))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Ready before the first request, and nothing begun that is not finished after the last."""
    service: Service = app.state.service
    await asyncio.to_thread(_warm, service)  # however long it takes: no request waits for it yet
    if service.settings.ready_file:
        Path(service.settings.ready_file).write_text(f"{service.settings.address}\n", encoding="utf-8")
    warming = asyncio.create_task(_warm_pictures(service))
    preparing = Preparing(service.shop, [*service.pools.values(), app.state.writer.pool])
    preparing.start()
    with short_collections():
        yield
    warming.cancel()
    await asyncio.to_thread(preparing.close)
    app.state.writer.close()
    service.close()
    service.shop.fetcher.close()


def _warm(service: Service) -> None:
    """Read what the first question would have to wait for."""
    shop = service.shop
    first = shop.store.ids(limit=1)
    if first and shop.store.views(first).get(first[0]):
        shop.similar(first[0], 1)
    give_back()


async def _warm_pictures(service: Service) -> None:
    """Read what the first picture would have to wait for, while questions that need none of it are answered."""
    with suppress(OSError):  # no process to be had: the first picture tries again, and is told so
        await asyncio.to_thread(service.strangers.warm_up)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)  # so strange that this is judged too
    with suppress(LookalikeError):  # a shop may have no pictures, and a server may be told to stop
        await service.run(lambda: service.shop.search(image=noise, k=1), kind="warm", pool=service.seeing)


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", response_model=wire.Health)
    async def healthz() -> wire.Health:
        """The process answers."""
        return wire.Health(status="ok")

    @app.get("/readyz", response_model=wire.Health, responses=documented(503, 504))
    async def readyz(service: Serving) -> wire.Health:
        """The store can be read."""
        counts = await service.look_up(service.shop.store.counts, kind="counts")
        return wire.Health(status="ready", products=counts.products)


class _Files(StaticFiles):
    """Files that browsers ask about again each time, so that an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        found = await super().get_response(path, scope)
        found.headers.setdefault("Cache-Control", "no-cache")
        return found


def _add_page(app: FastAPI) -> None:
    app.mount("/web", _Files(directory=WEB, check_dir=False), name="web")

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/widget.js", include_in_schema=False)
    async def widget() -> Response:
        return FileResponse(
            WEB / "widget.js", headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
        )
