# METADATA
# title: Sensitive columns are shown masked
# description: |
#   Every column with a label is masked for everybody outside the groups the label is clear to, wherever the statement uses
#   it, so that error messages are scrubbed too. A person may still filter, join and sort by a masked column (finding the
#   customer with a given e-mail address is everyday work); it is recorded, and the value is never shown. An agent may not:
#   see agents.searches_labelled. A column written as * stands for whatever sensitive column of the relation an error
#   message might show.
# custom:
#   severity: high
#   owner: data-owners
#   controls: [SOC 2 C1.1]
package holdpoint.rules.masking.labelled_columns

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

# The stricter first: a column with several labels gets the strictest of their methods.
strictness := ["null", "redact", "year", "last4", "email"]

mask contains {
	"reason": "Sensitive columns are masked for you.",
	"masks": array.concat(
		[masked(column, column.relation, column.column) | some column in shown],
		[masked(relation, relation.name, "*") | some relation in written],
	),
} if {
	count(shown) + count(written) > 0
}

# The approved export is the one case in which a value leaves unmasked: see agents.exports_labelled.
shown := [column | some column in statement.hidden_columns; not statement.exported]

written := [relation |
	some relation in statement.hidden_relations
	not statement.is_passive(relation)
]

masked(thing, relation, column) := {
	"schema": thing.schema,
	"relation": relation,
	"column": column,
	"label": label(thing, method(thing)),
	"method": method(thing),
}

methods(thing) := {data.labels[label].method | some label in thing.labels}

method(thing) := [m | some m in strictness; m in methods(thing)][0] if known(thing)

# A label without an entry in data.labels has no method of its own.
method(thing) := "null" if not known(thing)

known(thing) if every label in thing.labels { data.labels[label].method in strictness }

label(thing, wanted) := [name | some name in thing.labels; data.labels[name].method == wanted][0] if known(thing)

label(thing, _) := concat(", ", thing.labels) if not known(thing)
