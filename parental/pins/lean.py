"""What a PIN check needs on the lean handler, where no request has a thread or a connection of its own.

Checks that are refused, or wait for their turn, cost players no thread. Only those that run get one, four a second.
"""

from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import close_old_connections

from parental.accounts.bounded_thread import BoundedThread
from parental.accounts.turns import Client
from parental.pins import guards
from viewing.caller import Caller
from viewing.hotpath import threads

T = TypeVar("T")
P = ParamSpec("P")


class Runner(Protocol):
    """Runs synchronous code that uses the database."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


async def run_in_request(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In the thread of the request, as Django's own handler gives it one."""
    return await sync_to_async(function)(*args, **kwargs)


async def run_alone(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a thread that ends with it; its connection goes back to the pool."""

    def run() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    async with ThreadSensitiveContext():
        return await sync_to_async(run)()


async def refuse_early(caller: Caller, client: Client, executor: BoundedThread, *, now: datetime) -> None:
    """Refusal 403 while the PIN is locked, else 429 while every place is taken; what else may be wrong comes later."""
    await threads.reads.run(guards.refuse_locked, caller, now)
    executor.refuse_when_full(client)
