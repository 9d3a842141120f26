"""`manage.py deliver`: sends webhooks and emails until it is stopped."""

import signal
from types import FrameType

from django.core.management.base import BaseCommand

from parental.deliver.worker import Deliverer


class Command(BaseCommand):
    help = (
        "Send webhooks and security emails, until SIGTERM or SIGINT; what is being sent then is finished, in at most 20"
        " seconds. Any number of these processes may run."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        deliverer = Deliverer()

        def stop(_number: int, _frame: FrameType | None) -> None:
            deliverer.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        deliverer.run()
