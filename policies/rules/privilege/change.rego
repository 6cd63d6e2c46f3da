# METADATA
# title: Changes of privileges are held
# description: |
#   GRANT, REVOKE, CREATE and ALTER ROLE, policies, owners and their like, in every environment: what is granted in staging
#   is often the way to production.
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC6.3]
package holdpoint.rules.privilege.change

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

hold contains {
	"reason": $"{input.statement.tag} changes who may do what.",
	"reviewers": data.reviewers.database,
	"covers": ["privilege", "ddl", "session"],
} if {
	"privilege" in statement.effects
}
