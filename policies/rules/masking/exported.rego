# METADATA
# title: Sensitive columns are not exported unmasked
# description: |
#   COPY … TO sends values past the mask. A person who sees the columns masked is told to leave them out; an agent's export
#   is held by agents.exports_labelled.
# custom:
#   severity: high
#   owner: data-owners
#   controls: [SOC 2 C1.1]
package holdpoint.rules.masking.exported

import data.holdpoint.asking
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": $"COPY cannot mask {what}: leave that out, or use SELECT."} if {
	not asking.is_agent
	"copy_to" in statement.flags
	statement.exposed != set()
	what := concat(", ", sort(statement.exposed))
}
