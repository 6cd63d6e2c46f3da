# METADATA
# title: The facts are complete
# description: |
#   A rule reads a field that is missing as "nothing to see". So a statement whose input lacks any field of the published
#   schema is denied, whatever the other rules make of it.
# custom:
#   severity: critical
#   owner: security
#   exceptions: false
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.incomplete_input

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": "The proxy did not give the policy everything it has to know about this statement."} if not complete

complete if {
	input.version == 1
	is_string(input.target.environment)
	is_string(input.session.door)
	identity
	statement
}

identity if {
	is_string(input.identity.kind)
	is_array(input.identity.groups)
	person(input.identity.actsFor)
}

person(who) if who == null

person(who) if is_array(who.groups)

statement if {
	is_string(input.statement.kind)
	is_string(input.statement.tag)
	count(input.statement.effects) > 0
	is_array(input.statement.roles)
	is_array(input.statement.external)
	is_array(input.statement.flags)
	is_array(input.statement.unresolved)
	every relation in input.statement.relations { whole_relation(relation) }
	every column in input.statement.columns { whole_column(column) }
	every routine in input.statement.functions { whole_routine(routine) }
	every setting in input.statement.settings { whole_setting(setting) }
}

whole_relation(relation) if {
	is_string(relation.schema)
	is_string(relation.name)
	is_string(relation.kind)
	is_array(relation.access)
	is_boolean(relation.system)
	is_boolean(relation.temporary)
	is_array(relation.through)
	is_array(relation.labels)
}

whole_column(column) if {
	is_string(column.schema)
	is_string(column.relation)
	is_string(column.column)
	is_array(column.uses)
	is_array(column.labels)
}

whole_routine(routine) if {
	is_string(routine.schema)
	is_string(routine.name)
	is_string(routine.volatility)
	is_boolean(routine.known)
	is_boolean(routine.builtin)
}

whole_setting(setting) if {
	is_string(setting.name)
	is_string(setting.scope)
	string_or_null(setting.value)
}

string_or_null(value) if value == null

string_or_null(value) if is_string(value)
