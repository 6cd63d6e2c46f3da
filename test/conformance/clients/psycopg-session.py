"""Prints what psycopg answers in each of its ways of asking, as JSON: python3 psycopg-session.py URL"""

import json
import sys

import psycopg

found = {}
with psycopg.connect(sys.argv[1]) as connection:
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        for prepare in (False, True, True):
            cursor.execute("SELECT id, status FROM orders WHERE id < %s ORDER BY id", [20], prepare=prepare)
            found[f"binary {binary}, prepared {prepare}"] = cursor.fetchall()
    with connection.cursor(name="walk") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT id, ordered_at FROM orders ORDER BY id LIMIT 30")
        found["named cursor"] = list(cursor)
    with connection.cursor().copy("COPY (SELECT id, status FROM orders ORDER BY id LIMIT 20) TO STDOUT") as copy:
        found["copy"] = list(copy.rows())
    connection.commit()
    if psycopg.Pipeline.is_supported():
        with connection.pipeline():
            cursors = [connection.execute("SELECT id FROM orders WHERE id = %s", [number]) for number in range(1, 20)]
            found["pipeline"] = [cursor.fetchone() for cursor in cursors]
    connection.commit()
    for sql in ["SELECT nothing FROM orders", "SELECT * FROM nowhere", "SELEC 1"]:
        try:
            connection.execute(sql)
        except psycopg.Error as error:
            found[sql] = [type(error).__name__, error.sqlstate, error.diag.message_primary, error.diag.statement_position]
        connection.rollback()
print(json.dumps(found, default=str, sort_keys=True))
