"""The service with plain joins in its hot statements."""

from config.asgi import application
from tests.bench.joins import joined
from viewing.heartbeats import sql

__all__ = ["application"]

sql._CONTINUE = joined(sql._CONTINUE)
sql._BEGIN = joined(sql._BEGIN)
