# METADATA
# title: A write that the server does not count is held where the rows written are limited
# description: |
#   The server says how many rows a statement wrote, and that is what the limit goes by. What a WITH query, EXPLAIN
#   ANALYZE, DO, a function that is called or a rewrite rule writes it does not say. Nor does it say what a foreign key or a
#   trigger writes elsewhere because of it: people are told so by the limit itself (limits.by_asker), and anybody else with
#   a limit is held.
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
	some how in unseen
	some bounds in by_asker.limit
	bounds.rows_written_max
}

unseen contains how if {
	"write" in statement.effects
	some flag, how in ways
	flag in statement.flags
	not statement.only_temporary
}

unseen contains "DO" if {
	input.statement.kind == "do"
	"write" in statement.effects
	not statement.only_temporary
}

unseen contains relation.through[0] if {
	some relation in statement.written_beside
	not attached(relation)
}

unseen contains $"a foreign key or trigger of {relation.through[0]}" if {
	some relation in statement.written_beside
	attached(relation)
	not person
}

person if input.identity.kind == "human"

# Behind a table that the statement writes itself: a foreign key, a trigger, or a rule, which cannot be told from them.
attached(relation) if {
	some written in input.statement.relations
	written.through == []
	not statement.is_passive(written)
	concat(".", [written.schema, written.name]) == relation.through[0]
}
