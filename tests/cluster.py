"""A pytest plugin: the tests' own PostgreSQL, started before Django reads its settings (`-p tests.cluster`)."""

import os

from config import devdb

os.environ["DEBUG"] = "false"
os.environ.setdefault("SECRET_KEY", "for-the-tests-only")
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
os.environ["SECURE_HTTPS"] = "false"
if not os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = devdb.start("test", fsync=False)
else:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
