"""The container, as far as it can be tried without an engine: its database role, and a disk that is read-only."""

import os
import re
import subprocess
import sys

import httpx
import psycopg
import pytest
import yaml
from django.db import connections

from config.postgres import binaries
from tests import cluster, processes
from tests.production import PRODUCTION

pytestmark = pytest.mark.slow

COMPOSE = (processes.PROJECT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
ROLE = "sandglass_app"
HTTPS = {"Host": "sandglass.example", "X-Forwarded-Proto": "https"}
# Runs as each of the service's processes starts, before anything of ours.
READ_ONLY = """
import errno, os, sys

WRITABLE = ("/dev/shm/", "/dev/null", "/dev/tty", os.environ["TMPDIR"] + "/")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}

def refuse(event, arguments):
    if event in CHANGES or (event == "open" and arguments[2] & WRITES):
        path = arguments[0]
        if not isinstance(path, int) and not os.path.abspath(os.fsdecode(path)).startswith(WRITABLE):
            raise OSError(errno.EROFS, "Read-only file system", path)

sys.addaudithook(refuse)
"""


def run(*command, **environment):
    environment = {**os.environ, **environment}
    return subprocess.run(
        command, cwd=processes.PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """The variables of a process that can write to its temporary folder and to shared memory only."""
    folder, temporary = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("tmp")
    (folder / "sitecustomize.py").write_text(READ_ONLY)
    return {"PYTHONPATH": str(folder), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def role(committed):
    """The URL of a database that `create_role.sh` has made, with its role, in the tests' PostgreSQL."""
    if cluster.statement_log is None:
        pytest.skip("needs the embedded PostgreSQL, in which it may make a role")
    folder = binaries.find().folder
    if not (folder / "psql").exists():
        pytest.skip("this PostgreSQL has no psql")
    settings = connections["default"].settings_dict
    made = run(
        "sh",
        "config/postgres/create_role.sh",
        PATH=f"{folder}:{os.environ['PATH']}",
        PGHOST=settings["HOST"],
        PGPORT=str(settings["PORT"]),
        POSTGRES_USER=settings["USER"],
        APP_ROLE=ROLE,
        APP_DATABASE=ROLE,
        APP_PASSWORD='it\'s "secret"',
    )
    assert (made.returncode, made.stderr) == (0, "")
    owner = processes.database_url()
    yield re.sub(r"//[^@]*@", f"//{ROLE}@", owner.rpartition("/")[0]) + f"/{ROLE}"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {ROLE} WITH (FORCE)")
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.fixture(scope="module")
def migrated(role, disk):
    done = run(sys.executable, "manage.py", "migrate", "--no-input", DATABASE_URL=role, **{**PRODUCTION, **disk})
    assert done.returncode == 0, done.stderr
    return role


def test_the_role_may_do_nothing_but_own_its_database(role):
    with psycopg.connect(role) as connection:
        found = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin,"
            " (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        (keeps_the_log_short,) = connection.execute(
            "SELECT has_parameter_privilege('log_min_error_statement', 'SET')"
        ).fetchone()
    assert found == (False, False, False, False, False, True, ROLE)
    assert keeps_the_log_short


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE ROLE another SUPERUSER",
        "CREATE DATABASE another",
        "ALTER SYSTEM SET log_statement = 'none'",
    ],
)
def test_what_leads_out_of_the_database_is_refused(role, statement):
    with psycopg.connect(role, autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_check_deploy_is_clean(migrated):
    command = (sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO", "--database", "default")

    done = run(*command, DATABASE_URL=migrated, **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_check_warns_of_a_superuser(committed):
    done = run(
        sys.executable,
        "manage.py",
        "check",
        "--database",
        "default",
        DATABASE_URL=processes.database_url(),
        **PRODUCTION,
    )

    assert "sandglass.W011" in done.stderr


def test_the_disk_of_the_tests_refuses(disk):
    for code in ("open('x', 'w')", "import os; os.mkdir('x')", "import os; os.rename('manage.py', 'x')"):
        assert "Read-only file system" in run(sys.executable, "-c", code, **disk).stderr


def test_a_family_is_served_with_that_role_and_a_read_only_disk(migrated, disk, real_time, tmp_path):
    environment = {**PRODUCTION, **disk, "DJANGO_SETTINGS_MODULE": "tests.uncollected", "DATABASE_URL": migrated}
    with (
        processes.service(tmp_path / "log", **environment) as running,
        httpx.Client(base_url=f"{running.url}/api/v1", headers=HTTPS, timeout=60) as http,
    ):
        account = {"email": "parent@example.com", "password": "correct horse battery"}
        parent = {"Authorization": f"Bearer {http.post('/auth/register', json=account).json()['access_token']}"}
        child = http.post("/auth/profiles", json={"name": "Mia", "is_kids": True}, headers=parent).json()
        paired = http.post(f"/auth/profiles/{child['id']}/player-token", json={"device_name": "TV"}, headers=parent)
        player = {"Authorization": f"Bearer {paired.json()['player_token']}"}
        balance = http.get(f"/viewing-time/balance/{child['id']}", headers=player)
        page = http.get(f"{running.url}/login")
        ready = http.get(f"{running.url}/health/ready")

    assert balance.json()["is_child_profile"] is True
    assert (page.status_code, ready.status_code) == (200, 200)
    assert "Read-only file system" not in running.log.read_text()


@pytest.mark.parametrize("name", ["migrate", "web", "deliver"])
def test_containers_of_the_service_are_hardened(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    # `env_file` has it for the database.
    assert service["environment"]["POSTGRES_SUPERUSER_PASSWORD"] == ""
    assert "privileged" not in service


def test_the_databases_container_is_hardened_as_far_as_its_entry_point_allows():
    service = SERVICES["db"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service["cap_add"]) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert "POSTGRES_USER" not in service["environment"]  # the superuser is not the service's role
    assert "ports" not in service


def test_the_services_role_is_the_one_that_is_made():
    assert SERVICES["web"]["environment"]["DATABASE_URL"].startswith("postgresql://sandglass:")
    script = (processes.PROJECT / "config/postgres/create_role.sh").read_text()
    assert 'APP_ROLE="${APP_ROLE:-sandglass}"' in script
    assert any("create_role.sh" in volume for volume in SERVICES["db"]["volumes"])


def test_the_compose_file_is_whole():
    """Its named volumes are declared, and what it reads from .env is in the example."""
    volumes = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    example = (processes.PROJECT / ".env.example").read_text()

    assert {volume for volume in volumes if "/" not in volume} == set(yaml.safe_load(COMPOSE)["volumes"])
    for name in re.findall(r"\$\{(\w+)", COMPOSE):
        assert re.search(rf"^{name}=", example, re.MULTILINE), name


def test_every_image_can_be_pinned_by_digest():
    dockerfile = (processes.PROJECT / "Dockerfile").read_text()

    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert SERVICES["db"]["image"] == "${POSTGRES_IMAGE:-postgres:18}"
    assert SERVICES["migrate"]["build"]["args"]["PYTHON_IMAGE"].startswith("${PYTHON_IMAGE:-")
    assert re.search(r"^USER (?!root)\w+$", dockerfile, re.MULTILINE)
