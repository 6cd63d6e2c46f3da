# METADATA
# title: Functions are known before they run
# description: A function that was not resolved, or not looked into, may do anything.
# custom:
#   severity: critical
#   owner: security
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.functions.unknown

title := rego.metadata.chain()[1].annotations.title

volatilities := {"immutable", "stable", "volatile"}

deny contains {"reason": $"What the function {routine.schema}.{routine.name} does is not known."} if {
	some routine in input.statement.functions
	not known(routine)
}

known(routine) if {
	routine.known == true
	routine.volatility in volatilities
}
