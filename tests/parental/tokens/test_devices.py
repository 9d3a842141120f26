"""Tokens of known devices, and the browser's cookie that holds them."""

import uuid

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from parental.tokens import devices, signed

ANN, BOB = "ann@example.com", "bob@example.com"
DEVICE = uuid.uuid4()


def test_it_proves_the_device_for_that_address_alone():
    token = devices.issue(DEVICE, email=ANN)

    assert devices.recognize([token], email=ANN) == DEVICE
    assert devices.recognize([token], email=BOB) is None


@pytest.mark.parametrize("token", ["", "sgd_", "nonsense", "sgd_a.b.c", "é" * 200])
def test_anything_else_proves_nothing(token):
    assert devices.recognize([token], email=ANN) is None


def test_neither_does_a_changed_one_nor_another_kind():
    token = devices.issue(DEVICE, email=ANN)
    ids = signed.read(signed.DEVICE, token, seconds=60)

    assert devices.recognize([token[:-1] + ("A" if token[-1] != "A" else "B")], email=ANN) is None
    assert devices.recognize([signed.sign(signed.ACCESS, *ids)], email=ANN) is None
    assert signed.read(signed.ACCESS, token, seconds=60) is None


def test_it_shows_neither_address_nor_account():
    assert "ann" not in devices.issue(DEVICE, email=ANN)


def test_a_browser_keeps_those_of_five_accounts():
    cookie, factory = "", RequestFactory()
    emails = [f"{n}@example.com" for n in range(7)]
    for email in [*emails, emails[-1]]:
        request, response = factory.get("/"), HttpResponse()
        request.COOKIES[devices.COOKIE] = cookie
        devices.remember(request, response, email=email)
        cookie = response.cookies[devices.COOKIE].value

    request.COOKIES[devices.COOKIE] = cookie
    known = [email for email in emails if devices.recognize(devices.tokens_of(request), email=email)]

    assert known == emails[2:]
    assert len(cookie) < 1000


def test_another_login_is_the_same_device():
    request, response = RequestFactory().get("/"), HttpResponse()
    request.COOKIES[devices.COOKIE] = devices.issue(DEVICE, email=ANN)

    devices.remember(request, response, email=ANN)

    cookie = response.cookies[devices.COOKIE]
    assert devices.recognize([cookie.value], email=ANN) == DEVICE
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", devices.SECONDS)
