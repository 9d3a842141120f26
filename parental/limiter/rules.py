"""Every limit, in one place. docs/security.md has the table."""

from datetime import timedelta
from typing import Final

from parental.limiter.limiter import Limit

FIVE_MINUTES: Final = timedelta(minutes=5)
TEN_MINUTES: Final = timedelta(minutes=10)
AN_HOUR: Final = timedelta(hours=1)

# Passwords. Strangers share the tries of an address, whether or not it has an account; callers who proved themselves
# before, an account that is logged in or a device that was, have tries of their own, which no stranger can use up.
PASSWORD_BURST: Final = Limit("password burst", 10, FIVE_MINUTES)
PASSWORD_HOUR: Final = Limit("password hour", 100, AN_HOUR)  # ASVS 2.2.1
PASSWORDS_FROM_SOURCE: Final = Limit("passwords from source", 300, AN_HOUR)  # a school, an office

# Each is a request to the issuer.
PLATFORM_LOGINS_FROM_SOURCE: Final = Limit("platform logins from source", 300, AN_HOUR)

REGISTRATIONS_FROM_SOURCE: Final = Limit("registrations from source", 20, AN_HOUR)

RESET_MAILS: Final = Limit("reset mails", 3, AN_HOUR)
CONFIRMATION_MAILS: Final = Limit("confirmation mails", 3, AN_HOUR)
MAILS_FROM_SOURCE: Final = Limit("mails from source", 30, AN_HOUR)

# Pairing by code. A code lives for ten minutes, so these bound the codes that wait, too.
PAIRING_CODES: Final = Limit("pairing codes", 20_000, TEN_MINUTES)
PAIRING_CODES_FROM_SOURCE: Final = Limit("pairing codes from source", 20, TEN_MINUTES)
# Unknown codes that an account enters.
PAIRING_GUESSES: Final = Limit("pairing guesses", 10, TEN_MINUTES)
