# METADATA
# title: While a freeze is on, changes of definition are held twice over
# description: |
#   data/schedules.yaml names times in which a target is to be left alone: the end of the year, a sale, the weekend. A change
#   of definition then needs two people who answer for databases, and any write by an agent needs one.
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC8.1, SOC 2 A1.1]
package holdpoint.rules.production.freeze

import data.holdpoint.asking
import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

freezing contains id if {
	some id, schedule in data.schedules
	input.target.name in schedule.freeze
}

hold contains {
	"reason": $"{input.statement.tag} waits: the schedule {id} freezes {input.target.name}.",
	"reviewers": [{"group": "dba", "count": 2}],
	"covers": [],
} if {
	"ddl" in statement.effects
	not statement.only_temporary
	some id in freezing
}

hold contains {
	"reason": $"An agent's write waits: the schedule {id} freezes {input.target.name}.",
	"reviewers": data.reviewers.database,
	"covers": [],
} if {
	"write" in statement.effects
	asking.is_agent
	not statement.only_temporary
	some id in freezing
}
