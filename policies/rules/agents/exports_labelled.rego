# METADATA
# title: An agent's export of sensitive columns is held
# description: |
#   What an agent copies out goes wherever its prompt says. The owners of the data decide; an approval lets the values out
#   unmasked, once.
# custom:
#   severity: high
#   owner: data-owners
#   controls: [SOC 2 C1.1]
package holdpoint.rules.agents.exports_labelled

import data.holdpoint.asking
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

hold contains {
	"reason": $"An agent asks to export sensitive data, unmasked ({what}).",
	"reviewers": data.reviewers.data,
	"covers": [],
} if {
	asking.is_agent
	"copy_to" in statement.flags
	statement.exposed != set()
	what := concat(", ", sort(statement.exposed))
}
