# METADATA
# title: Definitions may change where nothing depends on them
# description: |
#   In staging and development tables, views, indexes and functions are made, changed and dropped freely. Temporary tables
#   are free everywhere: they end with the session. So is DROP … IF EXISTS of what does not exist.
# custom:
#   severity: informational
#   owner: dba
#   controls: [SOC 2 CC8.1]
package holdpoint.rules.general.definitions_outside_production

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

allow contains {"reason": "Definitions may change outside production.", "covers": ["ddl"]} if {
	"ddl" in statement.effects
	not statement.in_production
}

allow contains {"reason": "Temporary tables end with the session.", "covers": ["ddl"]} if {
	"ddl" in statement.effects
	statement.only_temporary
	not drops_nothing
}

allow contains {"reason": "It drops nothing: there is nothing of that name.", "covers": ["ddl"]} if {
	"ddl" in statement.effects
	statement.only_temporary
	drops_nothing
}

drops_nothing if {
	some relation in input.statement.relations
	statement.missing(relation)
}
