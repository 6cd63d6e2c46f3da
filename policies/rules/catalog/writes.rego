# METADATA
# title: System catalogs are only read
# description: A row written into a catalog by hand is a privilege, a function or a hole that no rule has seen.
# custom:
#   severity: critical
#   owner: security
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.catalog.writes

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": $"{relation.schema}.{relation.name} belongs to the system and is only read."} if {
	some relation in input.statement.relations
	not statement.ordinary(relation)
	not statement.is_passive(relation)
}
