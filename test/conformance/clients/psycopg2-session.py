"""Prints what psycopg2 answers in each of its ways of asking, as JSON: python3 psycopg2-session.py URL"""

import io
import json
import sys

import psycopg2
import psycopg2.extras

connection = psycopg2.connect(sys.argv[1])
found = {}
with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
    cursor.execute("SELECT id, status, ordered_at FROM orders WHERE id = ANY(%s) ORDER BY id", ([1, 2, 3],))
    found["parameters"] = cursor.fetchall()
    found["columns"] = [[column.name, column.type_code] for column in cursor.description]
with connection, connection.cursor("walk") as cursor:
    cursor.itersize = 7
    cursor.execute("SELECT id FROM orders ORDER BY id LIMIT 30")
    found["named cursor"] = [row[0] for row in cursor]
with connection, connection.cursor() as cursor:
    out = io.StringIO()
    cursor.copy_expert("COPY (SELECT id, status FROM orders ORDER BY id LIMIT 20) TO STDOUT CSV", out)
    found["copy"] = out.getvalue()
for sql in ["SELECT nothing FROM orders", "SELECT * FROM nowhere", "SELEC 1"]:
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
    except psycopg2.Error as error:
        found[sql] = [type(error).__name__, error.pgcode, error.diag.message_primary, error.diag.statement_position]
print(json.dumps(found, default=str, sort_keys=True))
