"""The guards of this floor: what the database itself refuses to whoever writes past the verbs."""

from __future__ import annotations

from audit.guards import AppendOnly, EraseOnce, NoDelete, Refuse, Spec


def frozen(table: str, *columns: str) -> Refuse:
    """Return the guard that refuses every change of `columns` after the row was made."""
    return Refuse(
        name="frozen",
        table=table,
        event="update",
        when=" OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in columns),
        message=f"{table}: {', '.join(columns)} are fixed after creation",
    )


# A pointer follows from the Release row of its new generation, and moves by one at a time.
_MOVE_IS_BACKED = """EXISTS (
    SELECT 1 FROM registry_release AS r
     WHERE r.prompt_id = NEW.prompt_id AND r.label_id = NEW.label_id
       AND r.generation = NEW.generation
       AND r.from_version_id IS NOT DISTINCT FROM OLD.version_id
       AND r.version_id IS NOT DISTINCT FROM NEW.version_id
       AND CASE r.kind
           WHEN 'suspend' THEN NEW.suspended AND NOT OLD.suspended
                               AND NEW.version_id IS NOT DISTINCT FROM OLD.version_id
           WHEN 'resume' THEN OLD.suspended AND NOT NEW.suspended
                              AND NEW.version_id IS NOT DISTINCT FROM OLD.version_id
           ELSE NOT NEW.suspended END)"""

# A label stops being protected with the row of its next un-protection, and each row does it once.
_UNPROTECTION_IS_BACKED = """NEW.unprotections = OLD.unprotections + 1 AND EXISTS (
    SELECT 1 FROM registry_unprotection AS u
     WHERE u.label_id = NEW.id AND u.number = NEW.unprotections)"""

SPECS: tuple[Spec, ...] = (
    # Content and its history.
    EraseOnce("registry_version", "id", erasable=("document",)),
    AppendOnly("registry_historicalprompt"),
    AppendOnly("registry_historicalversion"),
    AppendOnly("registry_historicallabel"),
    AppendOnly("registry_historicalgroup"),
    AppendOnly("registry_historicalmembership"),
    NoDelete("registry_namespace"),
    frozen("registry_namespace", "id", "public_id", "name", "name_key"),
    NoDelete("registry_prompt"),
    frozen("registry_prompt", "id", "public_id", "namespace_id", "name", "name_key", "type"),
    NoDelete("registry_label"),
    frozen("registry_label", "id", "public_id", "name"),
    Refuse(
        name="protected",
        table="registry_label",
        event="update",
        when=f"OLD.protected AND NOT NEW.protected AND NOT ({_UNPROTECTION_IS_BACKED})",
        message="a protected label stays protected until the row of its un-protection is there",
        requires=("registry_unprotection", "registry_label.unprotections"),
    ),
    Refuse(
        name="unprotections",
        table="registry_label",
        event="update",
        when="NEW.unprotections IS DISTINCT FROM OLD.unprotections "
        "AND NOT (OLD.protected AND NOT NEW.protected)",
        message="un-protections are counted only when protection goes",
        requires=("registry_label.unprotections",),
    ),
    Refuse(
        name="counted",
        table="registry_label",
        event="insert",
        when="NEW.unprotections IS DISTINCT FROM 0",
        message="a label begins without un-protections",
        requires=("registry_label.unprotections",),
    ),
    AppendOnly("registry_unprotection"),
    Refuse(
        name="next",
        table="registry_unprotection",
        event="insert",
        when="NOT EXISTS (SELECT 1 FROM registry_label AS l WHERE l.id = NEW.label_id "
        "AND l.protected AND l.unprotections + 1 = NEW.number)",
        message="an un-protection is the next one of a protected label",
        requires=("registry_label.unprotections",),
    ),
    # What is live.
    AppendOnly("registry_recall"),
    AppendOnly("registry_release"),
    Refuse(
        name="version",
        table="registry_release",
        event="insert",
        when="NOT EXISTS (SELECT 1 FROM registry_version AS v "
        "WHERE v.id = NEW.version_id AND v.prompt_id = NEW.prompt_id)",
        message="a release is of a version of its own prompt",
        requires=("registry_version",),
    ),
    Refuse(
        name="placed",
        table="registry_release",
        event="insert",
        when="NEW.kind = 'placed' AND EXISTS (SELECT 1 FROM registry_label AS l "
        "WHERE l.id = NEW.label_id AND l.protected)",
        message="nothing is placed on a protected label",
        requires=("registry_label",),
    ),
    NoDelete("registry_labelpointer"),
    Refuse(
        name="empty",
        table="registry_labelpointer",
        event="insert",
        when="NEW.version_id IS NOT NULL OR NEW.generation IS DISTINCT FROM 0 OR NEW.suspended",
        message="a pointer begins empty, at generation 0",
    ),
    Refuse(
        name="released",
        table="registry_labelpointer",
        event="update",
        when="NEW.id IS DISTINCT FROM OLD.id OR NEW.prompt_id IS DISTINCT FROM OLD.prompt_id "
        "OR NEW.label_id IS DISTINCT FROM OLD.label_id "
        "OR NEW.generation IS DISTINCT FROM OLD.generation + 1 "
        f"OR NOT {_MOVE_IS_BACKED}",
        message="a pointer moves only with the Release row of its next generation",
        requires=("registry_release",),
    ),
)
