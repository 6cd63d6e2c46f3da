# METADATA
# title: Built-in functions do nothing but compute
# description: |
#   Volatile built-in functions end sessions, read files, run SQL from strings, move the write-ahead log: only those in
#   data.volatile_functions are known to be harmless. Some stable ones show other people's statements or whole tables.
# custom:
#   severity: high
#   owner: security
#   controls: [SOC 2 C1.1, SOC 2 A1.1]
package holdpoint.rules.functions.builtin

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": $"The function {routine.name} may not be called ({data.window_functions[routine.name]})."} if {
	some routine in input.statement.functions
	not own(routine)
	data.window_functions[routine.name]
}

deny contains {"reason": $"The function {routine.name} may not be called beside columns that you see masked ({data.carrying_functions[routine.name]})."} if {
	some routine in input.statement.functions
	not own(routine)
	not computes(routine)
	not harmless(routine.name)
	data.carrying_functions[routine.name]
}

deny contains {"reason": $"The function {routine.name} is not known to be harmless."} if {
	some routine in input.statement.functions
	not own(routine)
	not computes(routine)
	not harmless(routine.name)
	not data.carrying_functions[routine.name]
}

harmless(name) if data.volatile_functions[name]

# A window has its own reason above.
harmless(name) if data.window_functions[name]

harmless(name) if {
	data.carrying_functions[name]
	statement.hidden_columns == []
}

harmless(name) if {
	data.held_functions[name]
	"privilege" in statement.effects
}

own(routine) if routine.builtin == false

computes(routine) if routine.volatility in {"immutable", "stable"}
