"""Prices and stock change all day: nothing is embedded again, and an open shop sees it at once."""

import tempfile

import pyarrow as pa

import lookalike
from lookalike.testing import sample_shop

store = tempfile.mkdtemp() + "/shop"
lookalike.index(sample_shop() / "catalogue.csv", store)
shop = lookalike.open(store)

product_id = shop.store.ids(limit=1)[0]
shop.store.patch(pa.table({"id": [product_id], "price": [1.0], "in_stock": [False]}))
print(shop.product(product_id).price, shop.product(product_id).in_stock)
assert shop.product(product_id).price == 1.0
assert product_id not in {m.product.id for m in shop.search(text="dress", k=300, where="in_stock")}
