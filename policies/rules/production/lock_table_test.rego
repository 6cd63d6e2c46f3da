package holdpoint.rules.production.lock_table_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.production.lock_table as rule

taken(schema, mode) := {"on": "relation", "schema": schema, "relation": "orders", "mode": mode, "wait": "wait"}

locked(mode) := {
	"kind": "lock",
	"tag": "LOCK TABLE",
	"effects": ["write"],
	"relations": [f.relation("orders", ["lock"])],
	"locks": [taken("public", mode)],
}

test_holds_what_stops_the_writes_of_others if {
	every mode in ["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE"] {
		some finding in rule.hold with input as f.by(f.cleo, locked(mode))
		finding.reviewers == [{"group": "dba", "count": 1}]
		contains(finding.reason, $"public.orders in {mode} mode")
		endswith(finding.reason, "want to write to it.")
	}
}

test_holds_what_stops_the_reads_of_others_and_what_is_not_known if {
	every mode in ["ACCESS EXCLUSIVE", "ANOTHER"] {
		some finding in rule.hold with input as f.by(f.cleo, locked(mode))
		endswith(finding.reason, "want to read it or write to it.")
	}
}

test_lets_through_what_stops_neither if {
	every mode in ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"] {
		rule.hold == set() with input as f.by(f.ana, locked(mode))
	}
}

test_holds_a_lock_that_a_function_takes if {
	called := object.union(locked("ACCESS EXCLUSIVE"), {"kind": "select", "tag": "SELECT"})
	count(rule.hold) == 1 with input as f.by(f.ana, called)
}

test_holds_a_lock_that_a_function_takes_beside_row_locks if {
	called := object.union(locked("ACCESS EXCLUSIVE"), {"kind": "select", "tag": "SELECT", "flags": ["row_locks"]})
	count(rule.hold) == 1 with input as f.by(f.ana, called)
}

refreshing(mode) := {
	"kind": "refresh_mat_view",
	"tag": "REFRESH MATERIALIZED VIEW",
	"effects": ["read", "write"],
	"relations": [f.relation("orders", ["maintain"]), f.relation("customers", ["select"])],
	"locks": [taken("public", mode), object.union(taken("public", "ACCESS SHARE"), {"relation": "customers"})],
}

test_holds_a_refresh_that_keeps_readers_waiting_and_no_other if {
	some finding in rule.hold with input as f.by(f.cleo, refreshing("ACCESS EXCLUSIVE"))
	contains(finding.reason, "REFRESH of public.orders")
	rule.hold == set() with input as f.by(f.ana, refreshing("EXCLUSIVE"))
	rule.hold == set() with input as f.in_environment("development", f.ana, refreshing("ACCESS EXCLUSIVE"))
}

test_leaves_row_locks_definitions_and_advisory_locks_alone if {
	rows := object.union(locked("ROW SHARE"), {"kind": "select", "tag": "SELECT", "flags": ["row_locks"]})
	rule.hold == set() with input as f.by(f.ana, rows)
	queued := object.union(locked("ROW EXCLUSIVE"), {"kind": "update", "tag": "UPDATE", "flags": ["row_locks"]})
	rule.hold == set() with input as f.by(f.ana, queued)
	altered := {"kind": "altertable", "tag": "ALTER TABLE", "relations": [f.relation("orders", ["alter"])]}
	rule.hold == set() with input as f.by(f.ana, object.union(locked("ACCESS EXCLUSIVE"), altered))
	advisory := {"on": "advisory", "schema": "", "relation": "", "mode": "ADVISORY EXCLUSIVE", "wait": "wait"}
	rule.hold == set() with input as f.by(f.ana, object.union(locked("SHARE"), {"locks": [advisory]}))
}

test_leaves_temporary_tables_and_other_environments_alone if {
	own := {"relations": [f.temporary("orders", ["lock"])], "locks": [taken("pg_temp", "ACCESS EXCLUSIVE")]}
	rule.hold == set() with input as f.by(f.ana, object.union(locked("SHARE"), own))
	rule.hold == set() with input as f.in_environment("development", f.ana, locked("ACCESS EXCLUSIVE"))
}

test_holds_the_table_that_a_temporary_one_has_the_name_of if {
	both := {"relations": [f.temporary("orders", ["lock"]), f.relation("orders", ["lock"])]}
	count(rule.hold) == 1 with input as f.by(f.ana, object.union(locked("EXCLUSIVE"), both))
}
