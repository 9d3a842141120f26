"""The counts of the limiter. Django finds it through `parental/models.py`."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LimiterCount(models.Model):
    """How often something was tried within the window that runs; see `parental/limiter/limiter.py`.

    Table and columns have the names of the first limit, of passwords, so that releases can run side by side.
    """

    # A hash of what is limited, the source and the subject: no address can be read from it.
    key = models.BinaryField(max_length=32, primary_key=True, editable=False, db_column="email_hash")
    count = models.PositiveSmallIntegerField(default=0, db_column="tries")
    window_ends_at = models.DateTimeField()

    class Meta:
        db_table = "parental_passwordtries"
        verbose_name = _("count of tries")
        verbose_name_plural = _("counts of tries")
        indexes = [
            # The limiter and `clean_up` delete what has ended.
            models.Index(fields=["window_ends_at"], name="limiter_window_ends_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.count}"
