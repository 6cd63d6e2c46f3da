# METADATA
# title: What has an unknown effect is denied
# description: Only statements whose every effect is known can be judged.
# custom:
#   severity: critical
#   owner: security
#   exceptions: false
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.unknown_effect

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

known := {"read", "transaction", "session", "write", "ddl", "privilege"}

deny contains {"reason": "What this statement does is not known, so it does not run."} if {
	some effect in (statement.effects - known)
	effect != "external" # has its own rule, with a better reason
}
