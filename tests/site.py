"""Site settings for the length of a `with` block, as staff set them: committed, and announced to every process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from viewing.hotpath import invalidation
from viewing.models import SiteSettings


@contextmanager
def site(**fields: Any) -> Iterator[None]:
    with transaction.atomic():
        SiteSettings(**fields).save()
        invalidation.site_changed()
    try:
        yield
    finally:
        with transaction.atomic():
            SiteSettings.objects.all().delete()
            invalidation.site_changed()
