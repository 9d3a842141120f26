"""The service's settings with a cache of one profile: the hit rate of limits is 0, that of tokens and titles is not."""

from config.settings import *
from config.settings import CACHES

CACHES["profiles"]["OPTIONS"]["MAX_ENTRIES"] = 1
