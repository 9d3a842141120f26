"""Functions that make the events of accounts and logins happen.

Each takes a `Scene` and returns the account (None: there is none), and values that the log line must have.
"""

import uuid

from django.utils import timezone

from parental.models import User
from parental.oidc import logins as oidc_logins
from parental.tokens import signed
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in, make_parent
from tests.parental.events.scene import API, NEW


def registered(scene):
    email = f"{uuid.uuid4()}@example.com"
    assert scene.http.post(f"{API}/register", json={"email": email, "password": PASSWORD}).status_code == 201
    return User.objects.get(email=email), {"by": "parent", "via": "api"}


def registered_on_the_page(scene):
    email = f"{uuid.uuid4()}@example.com"
    assert scene.browse().post("/register", email=email, password=PASSWORD).status_code == 302
    return User.objects.get(email=email), {"by": "parent", "via": "page"}


def email_confirmed(scene):
    user = make_user(email_confirmed_at=None)
    token = signed.sign(signed.CONFIRM, user.pk, signed.mark(user.email))
    assert scene.browse().post(f"/email/confirm/{token}").status_code == 302
    return user, {"by": "parent"}


def login(scene):
    user = make_user(password=PASSWORD)
    assert scene.http.post(f"{API}/login", json={"email": user.email, "password": PASSWORD}).status_code == 200
    return user, {"by": "parent", "via": "api"}


def login_on_the_page(scene):
    user = make_user(password=PASSWORD)
    assert scene.browse().post("/login", email=user.email, password=PASSWORD).status_code == 302
    return user, {"by": "parent", "via": "page"}


def login_in_the_admin(scene):
    user = make_user(password=PASSWORD, is_staff=True)
    form = {"username": user.email, "password": PASSWORD, "next": "/admin/"}
    assert scene.browse().post("/admin/login/", **form).status_code == 302
    return user, {"by": "parent", "via": "admin"}


def login_failed(scene):
    user = make_user(password=PASSWORD)
    assert scene.http.post(f"{API}/login", json={"email": user.email, "password": NEW}).status_code == 401
    return user, {"by": "stranger", "via": "api"}


def login_failed_on_the_page(scene):
    user = make_user(password=PASSWORD)
    assert scene.browse().post("/login", email=user.email, password=NEW).status_code == 200
    return user, {"by": "stranger", "via": "page"}


def login_failed_in_the_admin(scene):
    user = make_user(password=PASSWORD, is_staff=True)
    assert scene.browse().post("/admin/login/", username=user.email, password=NEW).status_code == 200
    return user, {"by": "stranger", "via": "admin"}


def login_failed_without_an_account(scene):
    body = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
    assert scene.http.post(f"{API}/login", json=body).status_code == 401
    return None, {"by": "stranger", "via": "api"}


def login_failed_of_a_deactivated_account(scene):
    user = make_user(password=PASSWORD, is_active=False)
    assert scene.http.post(f"{API}/login", json={"email": user.email, "password": PASSWORD}).status_code == 401
    return user, {"by": "stranger", "via": "api"}


def logout(scene):
    parent = make_parent()
    assert scene.http.post(f"{API}/logout", headers=parent.headers).status_code == 204
    return parent.user, {"by": "parent", "via": "api"}


def logout_on_the_page(scene):
    visitor = scene.browse(make_user())
    assert visitor.get("/").status_code == 200
    assert visitor.post("/logout").status_code == 302
    return visitor.user, {"by": "parent", "via": "page"}


def logout_of_the_admin(scene):
    visitor = scene.browse(make_user(is_staff=True))
    assert visitor.get("/admin/").status_code == 200
    assert visitor.post("/admin/logout/").status_code == 302
    return visitor.user, {"by": "parent", "via": "page"}


def refresh_token_reused(scene):
    parent = make_parent()
    body = {"refresh_token": parent.refresh_token}
    answers = [scene.http.post(f"{API}/refresh", json=body).status_code for _ in range(2)]
    assert answers == [200, 401]
    return parent.user, {"by": "stranger", "family_id": parent.login.pk}


def logins_ended(scene):
    parent = make_parent()
    staff = scene.act("parental_tokenfamily", "end_logins", parent.login.pk)
    return parent.user, {"by": "staff", "by_user_id": staff.pk, "count": 1}


def logins_ended_by_the_parent(scene):
    parent = make_parent()
    log_in(parent.user)
    assert scene.http.delete(f"{API}/logins", headers=parent.headers).json() == {"ended": 1}
    return parent.user, {"by": "parent", "count": 1}


def login_linked(_scene):
    user = make_user()
    assert oidc_logins.link(user, f"acct:{user.pk}", now=timezone.now())
    return user, {"by": "parent"}
