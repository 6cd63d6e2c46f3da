# METADATA
# title: Nothing reaches outside the database
# description: |
#   Files of the server, programs, other hosts and libraries (COPY … PROGRAM, pg_read_file, dblink, LOAD, CREATE SERVER and
#   their like) are beyond what can be judged or masked here.
# custom:
#   severity: critical
#   owner: security
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.outside_the_database

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": $"It reaches outside the database ({reach.kind}: {reach.detail})."} if {
	some reach in input.statement.external
}

deny contains {"reason": "It reaches outside the database."} if {
	"external" in statement.effects
	not count(input.statement.external) > 0
}
