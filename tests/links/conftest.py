"""The fixtures of `tests/support.py` and of `orders.py`, for the tests of this folder."""

from tests.links.orders import shop, shop_client, tracks
from tests.support import client, connect, db, library, open_backoffice

__all__ = ["client", "connect", "db", "library", "open_backoffice", "shop", "shop_client", "tracks"]
