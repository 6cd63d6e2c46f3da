# METADATA
# title: A write that is limited can be approved whole, when its asker says so
# description: |
#   What writes more rows than its asker may is rolled back with an error that says how many they were. Sent again with
#   the comment /* holdpoint: ask=approval */ it waits for reviewers, who are shown how many rows it reaches; what they have
#   approved writes as many as it does.
# custom:
#   severity: low
#   owner: dba
#   controls: [SOC 2 CC8.1]
package holdpoint.rules.limits.asked_for

import data.holdpoint.rules.limits.by_asker
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

hold contains {
	"reason": $"It may write more than {bounds.rows_written_max} rows, and its asker wants that approved.",
	"reviewers": data.reviewers.database,
	"covers": [],
} if {
	"asks_approval" in statement.flags
	"write" in statement.effects
	not statement.only_temporary
	some bounds in by_asker.limit
	bounds.rows_written_max
}
