"""The worker with uvicorn's own HTTP protocol, which bounds nothing: what `edge` compares ours with."""

from typing import Any, ClassVar

from config.server.worker import Worker


class StockEdgeWorker(Worker):
    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {**Worker.CONFIG_KWARGS, "http": "httptools"}
