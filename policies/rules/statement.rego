# METADATA
# title: What the statement is about
# description: |
#   What the rules have in common about the facts. Everything is written as "not known to be harmless": a field that is
#   missing makes a relation or a column count as the more dangerous kind.
package holdpoint.statement

import data.holdpoint.asking

effects := {effect | some effect in input.statement.effects}

flags := {flag | some flag in input.statement.flags}

# Negations go through a rule of their own: `not input.x in y` is undefined, and so silent, when x is missing.
in_production if not known_to_be_less

known_to_be_less if input.target.environment in {"development", "staging"}

# Access that neither changes rows nor definitions.
passive := {"select", "lock"}

is_passive(relation) if every access in relation.access { access in passive }

ordinary(relation) if relation.system == false

temporary(relation) if relation.temporary == true

writes := {"insert", "update", "delete"}

# METADATA
# title: What is written by what the statement leads to, and not by itself
# description: By foreign keys, triggers, rules and functions. The number that a sequence gave is no row.
written_beside contains relation if {
	some relation in input.statement.relations
	relation.through != []
	not temporary(relation)
	not relation.kind == "sequence"
	some access in relation.access
	access in writes
}

# Dropped IF EXISTS, and it does not.
missing(relation) if relation.kind == "missing"

unlabelled(thing) if thing.labels == []

# METADATA
# title: Columns that this identity does not see clear
# description: A column is clear when it has no label, or when every one of its labels is clear to a group of the asker.
hidden_columns := [column |
	some column in input.statement.columns
	not clear(column)
]

hidden_relations := [relation |
	some relation in input.statement.relations
	not clear(relation)
]

clear(thing) if unlabelled(thing)

clear(thing) if {
	thing.labels != []
	every label in thing.labels { clear_label(label) }
}

clear_label(label) if {
	some group in data.labels[label].clear_to
	asking.has_group(group)
}

# Uses that keep a value where it is or send it, masked, to the client. With any other it may end up in another column.
kept := {"filtered", "joined", "sorted", "grouped", "probed", "written", "returned", "preset"}

carried(column) if not stays(column)

stays(column) if every use in column.uses { use in kept }

# METADATA
# title: Nothing but the session's own temporary relations is changed
only_temporary if {
	some changed in input.statement.relations
	not is_passive(changed)
	every relation in input.statement.relations { untouched(relation) }
}

untouched(relation) if is_passive(relation)

untouched(relation) if temporary(relation)

untouched(relation) if missing(relation)

# METADATA
# title: An approved export sends values unmasked
exported if {
	asking.is_agent
	"copy_to" in flags
}

# METADATA
# title: What COPY would show unmasked
# description: The hidden columns; where no column was found out, the hidden relations whole.
exposed contains $"{column.schema}.{column.relation}.{column.column}" if some column in hidden_columns

exposed contains $"{relation.schema}.{relation.name}" if {
	input.statement.columns == []
	some relation in hidden_relations
}
