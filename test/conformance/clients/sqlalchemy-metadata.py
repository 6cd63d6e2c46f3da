"""Prints what SQLAlchemy's inspector says of a database, as JSON: python3 sqlalchemy-metadata.py DRIVER URL"""

import json
import sys

from sqlalchemy import MetaData, create_engine, inspect, select, func

driver, url = sys.argv[1:]
engine = create_engine(url.replace("postgres://", f"postgresql+{driver}://", 1))
found = {}
with engine.connect() as connection:
    inspector = inspect(connection)
    found["schemas"] = inspector.get_schema_names()
    for relation in sorted(inspector.get_table_names() + inspector.get_view_names()):
        found[relation] = {
            "columns": [{**column, "type": str(column["type"])} for column in inspector.get_columns(relation)],
            "primary": inspector.get_pk_constraint(relation),
            "foreign": inspector.get_foreign_keys(relation),
            "unique": inspector.get_unique_constraints(relation),
            "checks": inspector.get_check_constraints(relation),
            "indexes": inspector.get_indexes(relation),
        }
    for table in inspector.get_table_names():
        found[table]["comment"] = inspector.get_table_comment(table)
    for view in inspector.get_view_names():
        found[view]["definition"] = inspector.get_view_definition(view)
    metadata = MetaData()
    metadata.reflect(connection)
    orders = metadata.tables["orders"]
    query = select(orders.c.status, func.count()).where(orders.c.id.between(1, 500)).group_by(orders.c.status)
    found["rows"] = sorted([list(row) for row in connection.execute(query)])
print(json.dumps(found, default=str, sort_keys=True))
