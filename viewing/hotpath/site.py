"""The site settings for synchronous code: pages, and creating profiles. Heartbeats read them through `entries`.

Both share one cache entry per process, at most five minutes old; a change invalidates it in every process
(`invalidation.site_changed`).
"""

from perfmetrics.counting.cache import counted
from viewing.hotpath import entries, lookup
from viewing.models import SiteSettings


def site_settings() -> entries.Site:
    """What staff set, or the defaults if they set nothing. One statement if it is not cached."""
    alias, key = entries.SITE
    cache = counted(alias)
    found: entries.Site | None = cache.get(key)
    if found is None:
        before = lookup.last_invalidation()
        found = _read()
        # First store the entry, then check whether anything was invalidated, as in `Fetcher._store`.
        cache.set(key, found)
        if lookup.last_invalidation() is not before:
            cache.delete(key)
    return found


def _read() -> entries.Site:
    row = SiteSettings.objects.filter(pk=1).first()
    if row is None:
        return entries.Site()
    return entries.Site(
        pause_grace_seconds=row.pause_grace_seconds,
        default_limits=row.default_limits,
        default_reset_hour=row.default_reset_hour,
        notice=row.notice,
        wants_limit_reached=row.wants_limit_reached,
    )
