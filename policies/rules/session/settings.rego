# METADATA
# title: Only reviewed settings may change
# description: |
#   Settings can change what a statement means (search_path, role), how its text is read (standard_conforming_strings,
#   client_encoding) and what the server does besides (session_replication_role, local_preload_libraries). Only settings in
#   data.settings may be set, each to any value or to one of those listed there. The new value must be a constant, so that
#   what was judged is what is set.
# custom:
#   severity: high
#   owner: security
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.session.settings

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

own_scopes := {"transaction", "session"}

# Kinds for which no value means "back to the default" rather than "not a constant".
resets := {"variable_set", "discard"}

allow contains {"reason": "Nothing but reviewed settings of the session changes.", "covers": ["session"]} if {
	"session" in statement.effects
	every setting in input.statement.settings { harmless(setting) }
}

deny contains {"reason": $"The setting {setting.name} may not be changed to this value here."} if {
	some setting in input.statement.settings
	not harmless(setting)
}

harmless(setting) if {
	setting.scope in own_scopes
	permitted(setting.name, setting.value)
}

# For a role or a database it is still a privilege change, and held as one; for the whole system never.
harmless(setting) if {
	setting.scope in {"role", "database"}
	"privilege" in statement.effects
	permitted(setting.name, setting.value)
}

permitted(name, value) if {
	value == null
	input.statement.kind in resets
	data.settings[lower(name)]
}

permitted(name, value) if {
	is_string(value)
	data.settings[lower(name)] == "any"
}

permitted(name, value) if lower(value) in data.settings[lower(name)]
