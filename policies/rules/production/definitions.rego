# METADATA
# title: Changes of definition in production are held
# description: |
#   A migration is routine and sensitive at once: CREATE, ALTER, COMMENT, REINDEX, VACUUM and their like wait for a second
#   pair of eyes. Temporary tables do not.
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC8.1]
package holdpoint.rules.production.definitions

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

# Known to change no definition, whatever they are filed under.
routine := {"ANALYZE", "REFRESH MATERIALIZED VIEW"}

hold contains {
	"reason": $"{input.statement.tag} changes production.",
	"reviewers": data.reviewers.database,
	"covers": ["ddl"],
} if {
	"ddl" in statement.effects
	statement.in_production
	not statement.only_temporary
	not is_routine
}

allow contains {"reason": $"{input.statement.tag} is routine.", "covers": ["ddl"]} if {
	"ddl" in statement.effects
	is_routine
}

is_routine if input.statement.tag in routine
