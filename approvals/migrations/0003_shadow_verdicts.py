import uuid

import django.db.models.deletion
from django.db import migrations, models

from audit.guards import migrate_operation


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0002_threads_checks_signatures"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShadowVerdict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("revision", models.PositiveIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pass", "Would have passed"),
                            ("hold", "Would have been held"),
                            ("error", "Could not be judged"),
                        ],
                        max_length=5,
                    ),
                ),
                ("against", models.JSONField(default=list)),
                ("at", models.DateTimeField()),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_verdicts",
                        to="approvals.policyversion",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="approvals.approvalrequest",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_verdicts",
                        to="approvals.approvalrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["at"], name="approvals_s_at_e79a99_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["pass", "hold", "error"])),
                        name="shadow_outcome_known",
                    )
                ],
            },
        ),
        migrate_operation("approvals.guards.SPECS"),
    ]
