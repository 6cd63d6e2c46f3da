# METADATA
# title: What a rule's findings do
# description: |
#   enforce: they bind. warn: the statement runs, and whoever asked is told. shadow: only the record says that the rule
#   would have fired. data/modes.yaml outweighs the METADATA of the rule; anything else than these words enforces.
package holdpoint.modes

of(id) := mode if {
	mode := data.modes[id]
	mode in {"warn", "shadow"}
} else := "enforce" if {
	data.modes[id]
} else := mode if {
	mode := own[id]
	mode in {"warn", "shadow"}
} else := "enforce"

own[concat(".", [area, name])] := mode if {
	some area, name
	mode := data.holdpoint.rules[area][name].mode
}
