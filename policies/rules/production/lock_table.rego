# METADATA
# title: Locking a production table against others is held
# description: |
#   LOCK TABLE in a mode that ordinary reads or writes wait for stops whoever works with the table, for as long as the
#   transaction is open. Modes that let both go on are free, and so are the session's own temporary tables. REFRESH
#   MATERIALIZED VIEW without CONCURRENTLY keeps all readers waiting while the query runs, and is held as well.
#   https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC8.1, SOC 2 A1.1]
package holdpoint.rules.production.lock_table

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

# INSERT, UPDATE and DELETE take ROW EXCLUSIVE, which conflicts with none of these; reads take less.
lets_others_work := {"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"}

lets_others_read := {"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE"}

hold contains {
	"reason": $"LOCK TABLE of {lock.schema}.{lock.relation} in {lock.mode} mode makes all others wait who want to {stopped(lock)}.",
	"reviewers": data.reviewers.database,
	"covers": ["write"],
} if {
	statement.in_production
	some lock in input.statement.locks
	asked_for(lock)
	not harmless(lock)
}

# CONCURRENTLY takes EXCLUSIVE, and nobody writes to a materialized view.
hold contains {
	"reason": $"REFRESH of {lock.schema}.{lock.relation} makes all others wait who want to read it; CONCURRENTLY would not.",
	"reviewers": data.reviewers.database,
	"covers": ["write"],
} if {
	statement.in_production
	input.statement.tag == "REFRESH MATERIALIZED VIEW"
	some lock in input.statement.locks
	not lock.mode in lets_others_read
	not harmless(lock)
}

asked_for(_) if input.statement.tag == "LOCK TABLE"

# In the body of a function the tag is another's. With row locks, as FOR UPDATE takes them, the mode is ROW SHARE.
asked_for(lock) if {
	some relation in input.statement.relations
	relation.schema == lock.schema
	relation.name == lock.relation
	"lock" in relation.access
}

harmless(lock) if lock.mode in lets_others_work

harmless(lock) if lock.on == "advisory"

harmless(lock) if {
	some relation in input.statement.relations
	relation.schema == lock.schema
	relation.name == lock.relation
	statement.temporary(relation)
}

stopped(lock) := "write to it" if lock.mode in lets_others_read

stopped(lock) := "read it or write to it" if not lock.mode in lets_others_read
