# METADATA
# title: Nothing of production is dropped or emptied
# description: |
#   DROP, TRUNCATE and ALTER … DROP lose data that no rollback brings back once committed. What holds no data of its own
#   (an index, a view, a trigger) is a change of definition and held as one. Temporary tables are the session's own.
# custom:
#   severity: critical
#   owner: dba
#   controls: [SOC 2 CC8.1]
package holdpoint.rules.production.drop

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

final := {"drop", "truncate"}

# Dropped with what depends on them, these lose definitions only; a role that owns anything cannot be dropped.
without_data := {"DROP INDEX", "DROP ROLE", "DROP VIEW", "DROP TRIGGER", "DROP RULE", "DROP POLICY", "DROP STATISTICS"}

deny contains {"reason": $"{input.statement.tag} of {relation.schema}.{relation.name} would lose production data."} if {
	statement.in_production
	not leaves_data
	some relation in lost
}

# Schemas, types, databases, functions …: no relation is named, and much may go with them.
deny contains {"reason": $"{input.statement.tag} would lose part of production."} if {
	statement.in_production
	removes
	not leaves_data
	not names_what_is_lost
	not statement.only_temporary
}

removes if contains(upper(input.statement.tag), "DROP")

removes if contains(lower(input.statement.kind), "drop")

removes if contains(upper(input.statement.tag), "TRUNCATE")

leaves_data if input.statement.tag in without_data

lost contains relation if {
	some relation in input.statement.relations
	some access in relation.access
	access in final
	not statement.temporary(relation)
	not statement.missing(relation)
}

names_what_is_lost if count(lost) > 0
