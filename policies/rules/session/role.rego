# METADATA
# title: The database role stays what it is
# description: |
#   SET ROLE and SET SESSION AUTHORIZATION change who acts in the database's eyes; the identity that was proven does not
#   change with them. SET SESSION AUTHORIZATION DEFAULT goes back to the role that the connection was opened with, as
#   DISCARD ALL does, and poolers send it between two users of a connection.
# custom:
#   severity: critical
#   owner: security
#   controls: [SOC 2 CC6.3]
package holdpoint.rules.session.role

title := rego.metadata.chain()[1].annotations.title

roles := {"role", "session_authorization"}

deny contains {"reason": "The database role of a session may not change."} if {
	some setting in input.statement.settings
	lower(setting.name) in roles
	not back_to_login(setting)
}

back_to_login(setting) if {
	lower(setting.name) == "session_authorization"
	setting.value == null
	setting.scope == "session"
	input.statement.kind == "variable_set"
}
