# METADATA
# title: The database role stays what it is
# description: |
#   SET ROLE and SET SESSION AUTHORIZATION change who acts in the database's eyes; the identity that was proven does not
#   change with them.
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
}
