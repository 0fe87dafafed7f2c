"""Guards on PostgreSQL: a trigger function a rule, enabled ALWAYS so that replica mode cannot
step around it, and a statement trigger for TRUNCATE, which row triggers do not see.
"""

import re
from collections.abc import Mapping, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.triggers import PREFIX, GuardError, Rule, Trigger, literal, quoted

# The bits of pg_trigger.tgtype.
_ROW, _BEFORE = 1, 2
_BITS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}

_FUNCTION = re.compile(
    r'\s*CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+"?(?P<name>\w+)"?\s*\(\s*\)\s*RETURNS\s+trigger\b'
    r".*?\bAS\s+(?P<tag>\$\w*\$)(?P<body>.*?)(?P=tag)",
    re.IGNORECASE | re.DOTALL,
)
_TRIGGER = re.compile(
    r'\s*CREATE\s+(?P<constraint>CONSTRAINT\s+)?TRIGGER\s+"?(?P<name>\w+)"?\s+'
    r"(?P<time>BEFORE|AFTER)\s+(?P<events>\w+(?:\s+OR\s+\w+)*)\s+ON\s+\"?(?P<table>\w+)\"?\s+"
    r"(?P<deferrable>DEFERRABLE\s+)?(?P<deferred>INITIALLY\s+DEFERRED\s+)?"
    r"FOR\s+EACH\s+(?P<level>ROW|STATEMENT)\s+"
    r'EXECUTE\s+(?:FUNCTION|PROCEDURE)\s+"?(?P<function>\w+)"?\s*\(\s*\)\s*;?\s*$',
    re.IGNORECASE,
)
_INSTALLED = """
    SELECT c.relname, t.tgname, t.tgenabled::text, t.tgtype::int, t.tgdeferrable,
           t.tginitdeferred, t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgnargs = 0,
           p.proname, p.prosrc,
           p.proconfig = ARRAY['search_path=' || quote_ident(current_schema()) || ', pg_temp']
      FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid
      JOIN pg_proc p ON p.oid = t.tgfoid
     WHERE NOT t.tgisinternal
       AND c.relnamespace = current_schema()::regnamespace
       AND p.pronamespace = current_schema()::regnamespace
"""


def differs(column: str) -> str:
    """Return the condition that an UPDATE changes `column`, NULLs included."""
    return f"NEW.{quoted(column)} IS DISTINCT FROM OLD.{quoted(column)}"


def replace_rules(
    connection: BaseDatabaseWrapper, table: str, named: Sequence[Sequence[str]]
) -> list[Rule]:
    """Return nothing: an INSERT cannot replace a row here, an upsert is an UPDATE."""
    return []


def compile_rule(connection: BaseDatabaseWrapper, rule: Rule) -> list[Trigger]:
    """Return the one trigger of `rule`, with its function."""
    name, table = quoted(rule.name), quoted(rule.table)
    statement = rule.event == "truncate"
    body = _body(rule)
    function = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $guard${body}$guard$"
    )
    trigger = (
        f"CREATE TRIGGER {name} BEFORE {rule.event.upper()} ON {table} "
        f"FOR EACH {'STATEMENT' if statement else 'ROW'} EXECUTE FUNCTION {name}()"
    )
    kind = _BEFORE | _BITS[rule.event.upper()] | (0 if statement else _ROW)
    signature = ("A", kind, False, False, True, rule.name, body, True)
    create = (function, _fixed_path(connection, rule.name), trigger)
    return [Trigger(rule.name, rule.table, create, signature)]


def compile_custom(
    connection: BaseDatabaseWrapper, table: str, statements: Sequence[str]
) -> list[Trigger]:
    """Return the triggers of hand-written statements; raises GuardError.

    Allowed are CREATE FUNCTION name() RETURNS trigger … AS $tag$…$tag$, and CREATE [CONSTRAINT]
    TRIGGER without WHEN or column lists: a condition belongs into the function.
    """
    functions: dict[str, tuple[str, str]] = {}
    triggers = []
    for statement in statements:
        if found := _FUNCTION.match(statement):
            functions[found["name"]] = (_replacing(statement), found["body"])
        elif found := _TRIGGER.match(statement):
            if found["function"] not in functions:
                raise GuardError(f"{table}: the function of {found['name']} must come before it")
            function, body = functions[found["function"]]
            create = (function, _fixed_path(connection, found["function"]), statement)
            triggers.append(Trigger(found["name"], table, create, _signature(table, found, body)))
        else:
            raise GuardError(f"{table}: not a function or plain trigger: {statement[:60]!r}")
    return triggers


def settle(connection: BaseDatabaseWrapper) -> None:
    """Have foreign keys checked now: a table with such checks waiting cannot be altered."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def drop(connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
    """Drop `trigger` where it exists; its function stays, for it may have other triggers."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {quoted(trigger.name)} ON {quoted(trigger.table)}")


def create(connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
    """Create `trigger`, which must not exist, and have it fire in replica mode too."""
    with connection.cursor() as cursor:
        for statement in trigger.create:
            cursor.execute(statement)
        cursor.execute(
            f"ALTER TABLE {quoted(trigger.table)} ENABLE ALWAYS TRIGGER {quoted(trigger.name)}"
        )


def installed(
    connection: BaseDatabaseWrapper,
) -> Mapping[tuple[str, str], tuple[object, ...]]:
    """Return what pg_trigger and pg_proc say of each trigger, by table and name."""
    with connection.cursor() as cursor:
        cursor.execute(_INSTALLED)
        return {(row[0], row[1]): tuple(row[2:]) for row in cursor.fetchall()}


def _body(rule: Rule) -> str:
    refuse = (
        "RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', "
        f"MESSAGE = {literal(PREFIX + rule.message)};"
    )
    if rule.event == "truncate" or not rule.when:
        return f"\nBEGIN\n  {refuse}\nEND\n"
    row = "OLD" if rule.event == "delete" else "NEW"
    # A condition that is neither true nor false refuses: a guard errs on the safe side.
    return (
        f"\nBEGIN\n  IF COALESCE(({rule.when}), TRUE) THEN\n    {refuse}\n  END IF;\n"
        f"  RETURN {row};\nEND\n"
    )


def _signature(table: str, found: re.Match[str], body: str) -> tuple[object, ...]:
    """Return what the database will say of a hand-written trigger; raises GuardError."""
    if found["table"] != table:
        raise GuardError(f"{found['name']} is on {found['table']}, its specification on {table}")
    kind = 0
    for event in re.split(r"\s+OR\s+", found["events"].upper()):
        if event not in _BITS:
            raise GuardError(f"{found['name']}: {event} is not an event of a trigger")
        kind |= _BITS[event]
    kind |= _ROW if found["level"].upper() == "ROW" else 0
    kind |= _BEFORE if found["time"].upper() == "BEFORE" else 0
    waits = (found["deferrable"] is not None, found["deferred"] is not None)
    return ("A", kind, *waits, True, found["function"], body, True)


def _replacing(function: str) -> str:
    return re.sub(
        r"CREATE\s+FUNCTION", "CREATE OR REPLACE FUNCTION", function, count=1, flags=re.IGNORECASE
    )


def _fixed_path(connection: BaseDatabaseWrapper, function: str) -> str:
    """Return what keeps a temporary table from standing in for one that a rule reads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        schema = cursor.fetchone()[0]
    return f"ALTER FUNCTION {quoted(function)}() SET search_path = {schema}, pg_temp"
