"""No migration changes a column's type: the version that still serves has plans that return the old one."""

import re

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

APPS = {"viewing", "parental", "perfmetrics"}
IN_SQL = re.compile(r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b", re.IGNORECASE)


def type_changes(app, operations, state):
    """What these operations change, applied to `state`: columns with their old and new types, or statements."""
    found = []
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            found += type_changes(app, operation.database_operations, state.clone())
        elif isinstance(operation, migrations.RunSQL):
            found += [sql for sql in statements_of(operation) if IN_SQL.search(sql)]
        elif isinstance(operation, migrations.AlterField):
            before = column_type(state, app, operation)
            operation.state_forwards(app, state)
            after = column_type(state, app, operation)
            if before != after:
                found.append((operation.model_name, operation.name, before, after))
            continue
        operation.state_forwards(app, state)
    return found


def statements_of(operation):
    sql = operation.sql if isinstance(operation.sql, list | tuple) else [operation.sql]
    return [one if isinstance(one, str) else one[0] for one in sql]


def column_type(state, app, operation):
    model = state.apps.get_model(app, operation.model_name)
    return model._meta.get_field(operation.name).db_type(connection)


def test_no_migration_changes_the_type_of_a_column():
    loader = MigrationLoader(None)
    state, seen = ProjectState(real_apps=loader.unmigrated_apps), set()
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key in seen:
                continue
            seen.add(key)
            migration = loader.graph.nodes[key]
            found = type_changes(key[0], migration.operations, state)
            assert key[0] not in APPS or not found, f"{migration}: add a column instead of changing one: {found}"
    assert {app for app, _ in seen} >= APPS


BEFORE = migrations.CreateModel("Film", [("id", models.AutoField(primary_key=True)), ("name", models.CharField())])


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AlterField("Film", "name", models.CharField(max_length=10)),
        migrations.AlterField("Film", "id", models.BigAutoField(primary_key=True)),
        migrations.RunSQL("ALTER TABLE film ALTER COLUMN name TYPE text"),
        migrations.RunSQL([("ALTER TABLE film ALTER name SET DATA TYPE text", None)]),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterField("Film", "name", models.IntegerField())]
        ),
    ],
)
def test_a_change_of_type_is_found(operation):
    assert type_changes("viewing", [BEFORE, operation], ProjectState())


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AlterField("Film", "name", models.CharField(null=True, verbose_name="title")),
        migrations.AddField("Film", "year", models.IntegerField(null=True)),
        migrations.RunSQL("ALTER TABLE film ALTER COLUMN name SET DEFAULT ''; CREATE TYPE mood AS ENUM ('sad')"),
    ],
)
def test_other_changes_are_not(operation):
    assert not type_changes("viewing", [BEFORE, operation], ProjectState())
