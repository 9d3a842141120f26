"""The indexes by which the catalogue is listed and searched."""

from typing import Final

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q

TITLE_INDEXES: Final = [
    # The catalogue by name, part by part.
    models.Index(fields=["name", "id"], condition=Q(retired_at__isnull=True), name="title_listed_idx"),
    # The beginnings of the words of names.
    GinIndex(SearchVector("name", config="simple"), name="title_words_idx"),
]
