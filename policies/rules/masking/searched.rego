# METADATA
# title: A masked column is looked up, not searched
# description: |
#   Who sees a column masked may look for a value that they know (email = 'ana@example.org'), and sort and group by the
#   column as it is. A condition on a part of it, a pattern, a range or a comparison with other rows can be made to spell
#   the value out in the clear, so it is held. So is computing with it in a way that fails or takes long for some values and
#   not for others: 1 / (ascii(email) - 97), CASE WHEN email LIKE 'a%' THEN 1 / 0 END, a cast to a number. What only forms
#   a text of it, counts or gathers is not. Agents are held for any search, by a rule of their own.
# custom:
#   severity: high
#   owner: data-owners
#   controls: [SOC 2 C1.1]
package holdpoint.rules.masking.searched

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

# Uses that cannot spell a value out by themselves; what else there may be one day is taken for one that can.
harmless := {"projected", "filtered", "joined", "sorted", "grouped", "written", "returned", "preset"}

hold contains {
	"reason": $"It searches by or computes with the masked column {column.relation}.{column.column}, and could spell out what is in it.",
	"reviewers": data.reviewers.data,
	"covers": [],
} if {
	some column in statement.hidden_columns
	not is_harmless(column)
}

is_harmless(column) if every use in column.uses { use in harmless }
