# METADATA
# title: Transaction control is permitted
# description: |
#   BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like change nothing by themselves. Two-phase commit outlives its session, so
#   a prepared transaction could be committed by somebody who was never judged: it is refused.
# custom:
#   severity: informational
#   owner: dba
#   controls: [SOC 2 CC6.3]
package holdpoint.rules.general.transactions

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

two_phase := {"PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED"}

allow contains {"reason": "Transaction control is permitted.", "covers": ["transaction"]} if {
	"transaction" in statement.effects
}

deny contains {"reason": $"{input.statement.tag} would leave a transaction behind that outlives this session."} if {
	input.statement.tag in two_phase
}
