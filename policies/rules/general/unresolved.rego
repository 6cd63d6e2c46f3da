# METADATA
# title: What cannot be established is denied
# description: |
#   A name that does not resolve, a body that cannot be looked into or a syntax that cannot be read may hide anything. The
#   reason says what it was, so that the statement can be written in a way that can be judged.
# custom:
#   severity: critical
#   owner: security
#   exceptions: false
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.unresolved

title := rego.metadata.chain()[1].annotations.title

what := {
	"relation": "a relation that is not known here",
	"column": "a column that is not known here",
	"function": "a function that is not known here",
	"operator": "an operator that is not known here",
	"type": "a type that is not known here",
	"node": "syntax that is not understood yet",
	"prepared_statement": "a prepared statement that is not known in this session",
	"cursor": "a cursor that is not known in this session",
	"opaque_body": "code that cannot be looked into",
	"output": "an output column whose source cannot be proven",
	"syntax": "text that is not valid SQL",
	"search_path": "names, while the search path is not known",
}

deny contains {"reason": $"It contains {phrase}: {gap.detail}."} if {
	some gap in input.statement.unresolved
	phrase := what[gap.code]
}

# Not the empty list, and nothing above to say why: denied all the same.
deny contains {"reason": "Something in it could not be established."} if not accounted_for

accounted_for if every gap in input.statement.unresolved { what[gap.code] }
