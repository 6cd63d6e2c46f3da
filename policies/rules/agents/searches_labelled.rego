# METADATA
# title: An agent's search by sensitive values is held
# description: |
#   A mask hides a value that is shown, not one that is asked about: WHERE salary > 100000, LIKE 'a%' or ORDER BY, repeated
#   by a patient machine, tells the value as well. The facts do not say which operator compares, so every filter, join, sort
#   and group by a column that the agent sees masked waits for the owners of the data.
# custom:
#   severity: medium
#   owner: data-owners
#   controls: [SOC 2 C1.1]
package holdpoint.rules.agents.searches_labelled

import data.holdpoint.asking
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

# Uses that show the value (masked), write it, or are a view's own; with any other the result depends on it.
direct := {"projected", "returned", "written", "preset"}

hold contains {
	"reason": $"An agent asks to search by the sensitive column {column.relation}.{column.column}.",
	"reviewers": data.reviewers.data,
	"covers": [],
} if {
	asking.is_agent
	some column in statement.hidden_columns
	not only_direct(column)
}

only_direct(column) if every use in column.uses { use in direct }
