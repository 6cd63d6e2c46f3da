# METADATA
# title: Carrying sensitive values into other columns is held
# description: |
#   INSERT … SELECT, CREATE TABLE AS, SELECT INTO or UPDATE … SET name = email would leave a copy that nothing masks.
#   Where every column that is written has the same labels, the copy is masked as well, and so it is in a temporary table
#   that the session is known to hold them in. A part of a value (SET phone = left(phone, 5)) is not, where a mask shows a
#   part of what is there: last4 would show that part's end. Those who see the values clear are free to.
# custom:
#   severity: high
#   owner: data-owners
#   controls: [SOC 2 C1.1]
package holdpoint.rules.masking.carried_elsewhere

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

hold contains {
	"reason": "It would copy sensitive values to where nothing masks them.",
	"reviewers": data.reviewers.data,
	"covers": [],
} if {
	some effect in {"write", "ddl"}
	effect in statement.effects
	some column in statement.hidden_columns
	statement.carried(column)
	not arrives_masked(column)
}

arrives_masked(column) if {
	not "ddl" in statement.effects
	count(written) > 0
	every target in written { every label in column.labels { label in target.labels } }
	masked_there(column)
}

# The value itself, and not what is computed of it.
masked_there(column) if every use in column.uses { use != "computed" }

masked_there(_) if every target in written { shows_nothing(target) }

# Of several methods the strictest is used, and of a label without one nothing is shown.
shows_nothing(target) if {
	some label in target.labels
	not shows_a_part(label)
}

shows_a_part(label) if data.labels[label].method in {"email", "last4", "year"}

# The session's own temporary tables keep the labels of what was written to them, column by column.
arrives_masked(column) if {
	statement.only_temporary
	count(changed) > 0
	every relation in changed { every label in column.labels { label in relation.labels } }
}

changed := [relation |
	some relation in input.statement.relations
	not statement.is_passive(relation)
]

written := [column | some column in input.statement.columns; "written" in column.uses]
