"""Fixtures that the matrices share with the tests of accounts."""

from tests.parental.conftest import no_waiting, quick_hashes

__all__ = ["no_waiting", "quick_hashes"]
