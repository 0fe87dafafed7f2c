"""The ledger's tables, its one head row with a random name, and its guards."""

from typing import Any, ClassVar

from django.db import migrations, models

from audit.guards import migrate_operation
from audit.models import new_origin


def create_head(apps: Any, schema_editor: Any) -> None:
    """Give the installation its empty log, under a name that no other installation has."""
    heads = apps.get_model("audit", "AuditHead").objects.using(schema_editor.connection.alias)
    if not heads.exists():
        heads.create(origin=new_origin())


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditBlob",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("salt", models.BinaryField(max_length=32, null=True)),
                ("value", models.TextField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "erasable text",
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "seq",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="number"
                    ),
                ),
                (
                    "prev",
                    models.BinaryField(
                        max_length=32, unique=True, verbose_name="fingerprint before"
                    ),
                ),
                (
                    "leaf",
                    models.BinaryField(max_length=32, unique=True, verbose_name="fingerprint"),
                ),
                ("payload", models.TextField()),
                ("ts", models.DateTimeField(db_index=True, verbose_name="time")),
                ("actor", models.CharField(max_length=100)),
                ("action", models.CharField(max_length=100)),
                ("subject_type", models.CharField(max_length=100)),
                ("subject_id", models.UUIDField()),
                ("change_id", models.UUIDField(null=True)),
            ],
            options={
                "verbose_name": "event",
                "ordering": ["seq"],
                "indexes": [
                    models.Index(
                        fields=["subject_type", "subject_id", "seq"], name="audit_event_subject"
                    ),
                    models.Index(fields=["change_id", "seq"], name="audit_event_change"),
                    models.Index(fields=["actor", "seq"], name="audit_event_actor"),
                    models.Index(fields=["action", "seq"], name="audit_event_action"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seq__gte", 0)), name="audit_event_seq_from_zero"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("origin", models.CharField(max_length=128)),
                ("size", models.BigIntegerField(default=0)),
                ("last_leaf", models.BinaryField(default=bytes(32), max_length=32)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_head_one_row")
                ],
            },
        ),
        migrations.RunPython(create_head, migrations.RunPython.noop),
        migrate_operation("audit.guards.SPECS"),
    ]
