# METADATA
# title: An agent's write to sensitive columns is held
# description: |
#   An agent may read what is masked, but what it writes into sensitive columns, and the rows it adds to or takes from
#   relations that have them, is a person's to answer for.
# custom:
#   severity: high
#   owner: data-owners
#   controls: [SOC 2 CC6.1, SOC 2 CC6.3]
package holdpoint.rules.agents.writes_labelled

import data.holdpoint.asking
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

# An UPDATE that leaves the sensitive columns alone is no different from any other.
by_column := statement.passive | {"update"}

hold contains {
	"reason": $"An agent asks to write the sensitive column {column.relation}.{column.column}.",
	"reviewers": data.reviewers.data,
	"covers": [],
} if {
	asking.is_agent
	some column in input.statement.columns
	not statement.unlabelled(column)
	"written" in column.uses
}

hold contains {
	"reason": $"An agent asks to change rows of {relation.schema}.{relation.name}, which has sensitive columns.",
	"reviewers": data.reviewers.data,
	"covers": [],
} if {
	asking.is_agent
	some relation in input.statement.relations
	not statement.unlabelled(relation)
	not only_updates(relation)
}

only_updates(relation) if every access in relation.access { access in by_column }
