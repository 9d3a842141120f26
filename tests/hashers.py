"""Passwords and PINs that cost little, for tests whose point is not that."""

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class QuickHasher(BCryptSHA256PasswordHasher):
    """1 ms instead of 200; a hash that was made at the full cost takes as long as ever to compare with."""

    rounds = 4


def quick_hash(secret: str) -> str:
    hasher = QuickHasher()
    return str(hasher.encode(secret, hasher.salt()))
