"""The same service with live events."""

from tests.browser.settings import *

EVENTS_MAX_STREAMS = 2000
