#!/bin/sh
# Creates the role that the service uses, which may do nothing but own its database, and that database; and lets it keep
# the statements of lost races out of the database's log (docs/operations.md, "The database role"). As a superuser:
#
#   APP_PASSWORD=… POSTGRES_USER=postgres sh config/postgres/create_role.sh
#
# docker compose runs it when it makes the database's volume. APP_ROLE and APP_DATABASE are "sandglass" unless set.
set -eu
export APP_ROLE="${APP_ROLE:-sandglass}" APP_DATABASE="${APP_DATABASE:-sandglass}"

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
-- From the environment: the arguments of a process can be read by others.
\getenv role APP_ROLE
\getenv database APP_DATABASE
\getenv password APP_PASSWORD
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
GRANT SET ON PARAMETER log_min_error_statement TO :"role";
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
