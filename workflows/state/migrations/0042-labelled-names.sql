-- For which names columns of a target had labels: what is renamed or taken out of a partitioned table past Holdpoint,
-- also while none of its processes runs, still holds what it held. `database` tells a target from another one that was
-- put in its place, where the same OID is something else.
CREATE TABLE labelled_name (
  target       text NOT NULL,
  database     text NOT NULL,
  relation_oid bigint NOT NULL,
  attribute    int NOT NULL,
  schema_name  text NOT NULL,
  relation     text NOT NULL,
  column_name  text NOT NULL,
  column_type  text NOT NULL,
  noticed_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (target, database, relation_oid, attribute, schema_name, relation, column_name, column_type)
);
