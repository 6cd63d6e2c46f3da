# METADATA
# title: A write that the server does not count is held where the rows written are limited
# description: |
#   The server says how many rows a statement wrote, and that is what the limit goes by. What a WITH query or EXPLAIN
#   ANALYZE writes it does not say.
# custom:
#   severity: medium
#   owner: dba
#   controls: [SOC 2 CC8.1]
package holdpoint.rules.limits.uncounted_writes

import data.holdpoint.rules.limits.by_asker
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

ways := {"data_modifying_cte": "a WITH query", "explain_analyze": "EXPLAIN ANALYZE"}

hold contains {
	"reason": $"The rows you may write are limited, and the server does not count what {how} writes.",
	"reviewers": data.reviewers.database,
	"covers": [],
} if {
	"write" in statement.effects
	some flag, how in ways
	flag in statement.flags
	not statement.only_temporary
	some bounds in by_asker.limit
	bounds.rows_written_max
}
