# METADATA
# title: What one statement may give and take is limited
# description: |
#   By who asks and by target, as data/limits.yaml says. An agent that reads a whole table by mistake fills its context and
#   somebody's bill; a query that runs for hours keeps old rows from being cleaned up. A limit ends the statement with an
#   error and never cuts a result short in silence. A write that goes further than anybody meant (its WHERE is true for
#   every row by means that no list knows) is rolled back.
# custom:
#   severity: low
#   owner: dba
#   controls: [SOC 2 A1.1, SOC 2 C1.1]
package holdpoint.rules.limits.by_asker

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

limit contains object.union({"reason": $"{input.identity.kind} may get this much of one statement."}, bounds) if {
	bounds := data.limits.kinds[input.identity.kind]
}

limit contains object.union({"reason": $"{input.target.name} gives this much for one statement."}, bounds) if {
	bounds := data.limits.targets[input.target.name]
}

limit contains object.union({"reason": $"{input.identity.kind} may get this much of one statement in production.{beside}"}, bounds) if {
	statement.in_production
	"write" in statement.effects
	bounds := data.limits.writes_in_production[input.identity.kind]
}

# A limit that does not see everything says so.
beside := $" What foreign keys and triggers write in {tables} because of it is not counted." if {
	tables := concat(", ", sort({concat(".", [relation.schema, relation.name]) |
		some relation in statement.written_beside
	}))
	tables != ""
} else := ""
