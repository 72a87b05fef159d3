"""Changes: products put, changed and taken away, and the shop's rules. What is acknowledged is committed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from lookalike.errors import StoreError
from lookalike.indexing.upserting import Upserter
from lookalike.recommend.rules import Rules
from lookalike.recommend.rules_file import FILE_NAME
from lookalike.serve import wire
from lookalike.serve.ids import WHOLE_ID
from lookalike.serve.problems import documented
from lookalike.serve.service import Service, Serving, root_of
from lookalike.serve.work import Pool
from lookalike.store.lance import LanceStore

MOST_ROWS = 500
_PATIENCE_S, _TIME_LIMIT_S = 30.0, 120.0
_T = TypeVar("_T")
router = APIRouter()
ProductId = Annotated[str, InPath(max_length=1000)]


class Batch(BaseModel):
    """Rows of a catalogue: any column, named as in the shop's own files."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "products": [
                        {
                            "id": "drs-501-red",
                            "title": "Red summer dress",
                            "image": "https://shop.example/drs-501.jpg",
                            "price": 39.9,
                            "in_stock": True,
                        }
                    ]
                }
            ]
        },
    )
    products: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_ROWS)]


class Result(BaseModel):
    """What became of one row."""

    id: str
    status: Literal["stored", "unchanged", "rejected"]
    reason: str | None = Field(None, description="Why it was rejected, or a picture of it was left out.")


class Results(BaseModel):
    """One for each row, in order."""

    results: list[Result]


class Changes(BaseModel):
    """Columns to change; null empties one. What is not named stays."""

    model_config = ConfigDict(
        extra="allow", strict=True, json_schema_extra={"examples": [{"price": 19.9, "in_stock": False}]}
    )
    price: float | str | None = None
    in_stock: bool | str | None = None


class RulesDocument(BaseModel):
    """The shop's rules, as `rules.toml` has them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"rules": [{"name": "sale first", "boost": 1.2, "where": "price<50"}]}]},
    )
    rules: Annotated[list[dict[str, Any]], Field(max_length=1000)]


@dataclass(slots=True, eq=False)
class Writer:
    """The one thread that writes, so that reads never wait for embedding; `request.app.state.writer`."""

    service: Service
    pool: Pool = field(
        default_factory=lambda: Pool(threads=1, patience_s=_PATIENCE_S, time_limit_s=_TIME_LIMIT_S, name="writing")
    )
    _upserter: Upserter | None = None
    _rules_turn: threading.Lock = field(default_factory=threading.Lock)

    async def run(self, work: Callable[[], _T], *, kind: str) -> _T:
        return await self.pool.run(work, kind=kind)

    def upserter(self) -> Upserter:
        """Made with the first write: a server that only reads has none."""
        if self._upserter is None:
            shop, store = self.service.shop, self.service.shop.store
            if not isinstance(store, LanceStore):
                raise StoreError("a store in memory takes no writes: serve one that `lookalike index` has made")
            self._upserter = Upserter(store, shop.encoder, shop.fetcher, decode=self.service.strangers.decode)
        return self._upserter

    def set_rules(self, wish: list[dict[str, Any]]) -> Rules:
        """Keep these rules for the store, for every process that serves it."""
        shop = self.service.shop
        rules = Rules.of(wish, header=shop.store.header)
        with self._rules_turn:
            rules.write(Path(shop.name) / FILE_NAME)
        return rules

    def close(self) -> None:
        self.pool.close()


def _writer(request: Request) -> Writer:
    writer: Writer = request.app.state.writer
    return writer


@router.put("/products", response_model=Results)
async def put(batch: Batch, request: Request) -> Results:
    """Insert or replace products, at most 500; each row has its own result, and what is stored is durable."""
    writer = _writer(request)
    found = await writer.run(lambda: writer.upserter().put(batch.products), kind=f"put {len(batch.products)}")
    return Results(results=[Result(id=one.id, status=one.status, reason=one.reason or None) for one in found])


@router.patch(f"/products/{WHOLE_ID}", response_model=wire.Product, responses=documented(404))
async def patch(product_id: ProductId, changes: Changes, request: Request) -> wire.Product:
    """Change some columns of a product, such as its price; pictures are not looked at again."""
    writer = _writer(request)
    changed = changes.model_dump(exclude_unset=True)
    after = await writer.run(lambda: writer.upserter().change(product_id, changed), kind="patch")
    return wire.product(after, root=root_of(request))


@router.delete(f"/products/{WHOLE_ID}", status_code=204, responses=documented(404))
async def delete(product_id: ProductId, request: Request) -> Response:
    """Take a product out of the shop."""
    writer = _writer(request)
    await writer.run(lambda: writer.upserter().delete(product_id), kind="delete")
    return Response(status_code=204)


@router.get("/rules", response_model=RulesDocument)
async def rules(service: Serving) -> RulesDocument:
    """The shop's rules as they are now."""

    def read() -> dict[str, Any]:
        return service.shop.rules.to_mapping()  # looks at the file: not for the event loop

    return RulesDocument(**await service.look_up(read, kind="rules"))


@router.put("/rules", response_model=RulesDocument)
async def put_rules(document: RulesDocument, request: Request) -> RulesDocument:
    """Replace the shop's rules, all of them; in force with the next answer of every worker."""
    writer = _writer(request)
    kept = await writer.run(lambda: writer.set_rules(document.rules), kind="rules")
    return RulesDocument(**kept.to_mapping())
