"""The queues of bcrypt and of mails: filled, and emptied."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from parental.accounts.bounded_thread import FRESH_PLACES, PLACES, BoundedThread
from parental.accounts.turns import Client
from tests.races import until


@contextmanager
def full(executor: BoundedThread) -> Iterator[None]:
    """Strangers hold every place that strangers can get."""
    with ExitStack() as stack:
        for n in range(PLACES + FRESH_PLACES):
            stack.enter_context(executor.place(Client(subject=f"stranger {n}")))
        yield


def wait_until_idle(executor: BoundedThread) -> None:
    """Until all that was asked for is done."""
    until(lambda: not executor._taken)
