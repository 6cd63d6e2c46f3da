# METADATA
# title: System catalogs give no window into data
# description: |
#   Tools may read what the database is made of. Catalogs that show samples of values, other people's statements, passwords
#   or connection strings are closed: only those in data.catalogs, and the columns in data.catalog_columns, are known to be
#   harmless. A closed catalog behind a
#   harmless view (pg_authid behind pg_roles) is harmless, since the view leaves the secrets out.
# custom:
#   severity: high
#   owner: security
#   controls: [SOC 2 C1.1]
package holdpoint.rules.catalog.windows

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": $"{relation.schema}.{relation.name} is a window into data or secrets."} if {
	some relation in input.statement.relations
	not statement.ordinary(relation)
	not readable(relation)
}

deny contains {"reason": $"{relation.schema}.{relation.name} shows {shows}."} if {
	some relation in input.statement.relations
	shows := data.extension_windows[relation.name]
}

readable(relation) if data.catalogs[relation.schema][relation.name]

readable(relation) if {
	[schema, view] := split(relation.through[count(relation.through) - 1], ".")
	data.catalogs[schema][view]
}

# Open but for some columns, and only others are used.
readable(relation) if {
	open := data.catalog_columns[relation.schema][relation.name]
	every column in used(relation) { column in open }
}

# A column that does not say where it belongs might belong here.
used(relation) := {object.get(column, "column", "") |
	some column in input.statement.columns
	object.get(column, "relation", relation.name) == relation.name
	object.get(column, "schema", relation.schema) == relation.schema
}
