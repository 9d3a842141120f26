"""The demo's accounts where they must not be: with the password that everyone knows."""

from django.contrib.auth.hashers import check_password
from django.db import connection

from parental.demo.families.families import FAMILIES, PASSWORD
from parental.models import User


def refuse_public_passwords() -> None:
    """Raises RuntimeError while an active account of the demo has the demo's password. Raises DatabaseError.

    In a thread of its own, whose connection it closes. Without demo accounts it is one statement and no hash.
    """
    try:
        accounts = User.objects.filter(email__in=[family.email for family in FAMILIES], is_active=True)
        hashes = {str(email): encoded for email, encoded in accounts.values_list("email", "password")}
    finally:
        connection.close()
    # They share one hash, unless someone changed a password.
    public = {encoded for encoded in set(hashes.values()) if check_password(PASSWORD, encoded)}
    if found := sorted(email for email, encoded in hashes.items() if encoded in public):
        # Without their domain: no address is logged.
        names = ", ".join(email.partition("@")[0] for email in found)
        raise RuntimeError(
            f"Refusing to start: DEBUG is off, and accounts of the demo have its public password: {names} (at"
            " example.com). Change it (manage.py changepassword), deactivate them, or use another database."
        )
