"""The code that a screen shows and a parent enters: eight consonants, so no words and nothing alike; 34.6 bits."""

import secrets
from typing import Final

# No vowels, so no words; no Y, which some languages count among them; no digits, so nothing looks alike.
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8
MAX_TYPED: Final = 40
SEPARATORS: Final = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u00a0")


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """ "BCDF-GHJK"."""
    return f"{code[:4]}-{code[4:]}"


def read(typed: str) -> str | None:
    """The code in what a person typed, in any case, with or without spaces and hyphens; None for anything else."""
    code = typed[:MAX_TYPED].translate(SEPARATORS).upper()
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
