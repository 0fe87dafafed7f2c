import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.guards import migrate_operation


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0004_exceptions"),
        ("audit", "0001_initial"),
        ("registry", "0003_tries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="afterreview",
            name="release",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="after_reviews",
                to="registry.release",
            ),
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("a_day", models.PositiveSmallIntegerField()),
                ("opened_at", models.DateTimeField()),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reason",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="audit.auditblob",
                    ),
                ),
            ],
            options={
                "ordering": ["-opened_at"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="afterreview",
            name="campaign",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="approvals.campaign",
            ),
        ),
        migrations.AddConstraint(
            model_name="afterreview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("release",),
                name="after_review_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="afterreview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("campaign__isnull", True)),
                fields=("release",),
                name="after_review_of_a_step_once",
            ),
        ),
        migrate_operation("approvals.guards.SPECS"),
    ]
