"""The command `serve`: the API, the page and the widget on one port."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AllowHost, Store
from lookalike.extras import require


def serve(
    store: Store,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the store.")] = 1,
    keys: Annotated[
        Path | None,
        typer.Option(help="The file of API keys; make one with `lookalike keys new`.", show_default=False),
    ] = None,
    open_writes: Annotated[
        bool, typer.Option("--open-writes", help="Without keys, let whoever is on this machine write.")
    ] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="A site whose pages may ask from the browser; may be given again.", show_default=False),
    ] = None,
    allow_host: AllowHost = None,
    root_path: Annotated[
        str, typer.Option(help="What a proxy takes off the front of paths, such as /looks.", show_default=False)
    ] = "",
    trust_proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="The address or network of a proxy whose X-Forwarded-For is believed; may be given again.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds that one request may take.")] = 20.0,
    docs: Annotated[bool, typer.Option("--docs", help="Show the API's documentation at /docs.")] = False,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Where to write the address once requests are answered.", show_default=False),
    ] = None,
) -> None:
    """Serve a shop: the API, the page to try it, the widget for a shop's pages."""
    for package in ("fastapi", "python_multipart", "uvicorn"):
        require(package, extra="serve", to="serve a shop")
    from lookalike.serve.running import run
    from lookalike.serve.service import Settings

    settings = Settings(
        store=store,
        host=host,
        port=port,
        keys=str(keys) if keys else "",
        open_writes=open_writes,
        allow_origins=tuple(allow_origin or ()),
        allow_hosts=tuple(allow_host or ()),
        time_limit_s=time_limit,
        ready_file=str(ready_file) if ready_file else "",
        docs=docs,
        root_path=f"/{root_path.strip('/')}" if root_path.strip("/") else "",
        trust_proxies=tuple(trust_proxy or ()),
    )
    run(settings, workers=workers, say=showing.say)
