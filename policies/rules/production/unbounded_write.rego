# METADATA
# title: Changing every row of a production table is held
# description: |
#   UPDATE or DELETE without WHERE, or with one that is true for every row (1 = 1, id = id), is a slip far more often than an
#   intention.
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC8.1]
package holdpoint.rules.production.unbounded_write

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

every_row := {"no_where": "it has no WHERE", "always_true_where": "its WHERE is always true"}

hold contains {
	"reason": $"{input.statement.tag} changes every row: {how}.",
	"reviewers": data.reviewers.database,
	"covers": ["write"],
} if {
	statement.in_production
	"write" in statement.effects
	some flag, how in every_row
	flag in statement.flags
	not statement.only_temporary
}
