package holdpoint.rules.production.unbounded_write_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.production.unbounded_write as rule

deleted(flags, relation) := {"kind": "delete", "tag": "DELETE", "effects": ["read", "write"], "relations": [relation], "flags": flags}

test_holds_a_delete_of_every_row if {
	every flag in ["no_where", "always_true_where"] {
		some finding in rule.hold with input as f.by(f.cleo, deleted([flag], f.relation("orders", ["delete"])))
		finding.reviewers == [{"group": "dba", "count": 1}]
	}
}

test_lets_a_bounded_delete_through if {
	rule.hold == set() with input as f.by(f.ana, deleted([], f.relation("orders", ["delete"])))
}

test_lets_it_through_outside_production_and_for_temporary_tables if {
	rule.hold == set() with input as f.in_environment("development", f.ana, deleted(["no_where"], f.relation("t", ["delete"])))
	rule.hold == set() with input as f.by(f.ana, deleted(["no_where"], f.temporary("t", ["delete"])))
}
