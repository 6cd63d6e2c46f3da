package holdpoint.rules.masking.carried_elsewhere_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.masking.carried_elsewhere as rule

copying(effects, uses) := {
	"effects": effects,
	"relations": [f.labelled("customers", ["select"], ["email"]), f.relation("copies", ["insert"])],
	"columns": [f.column("email", uses, ["email"])],
}

test_holds_a_copy_for_the_owners_of_the_data if {
	every effect in ["write", "ddl"] {
		some finding in rule.hold with input as f.by(f.ana, copying(["read", effect], ["projected"]))
		finding.reviewers == [{"group": "data-owners", "count": 1}]
	}
}

test_leaves_those_alone_who_see_the_values if {
	rule.hold == set() with input as f.by(f.cleo, copying(["read", "write"], ["projected"]))
}

test_lets_a_value_stay_in_its_column_or_go_masked_to_the_client if {
	every uses in [["written"], ["filtered"], ["written", "returned"]] {
		rule.hold == set() with input as f.by(f.ana, copying(["read", "write"], uses))
	}
}

test_lets_a_read_through if rule.hold == set() with input as f.by(f.ana, copying(["read"], ["projected"]))

test_holds_a_column_whose_uses_are_missing if {
	vague := object.remove(f.column("email", [], ["email"]), ["uses"])
	count(rule.hold) == 1 with input as f.by(f.ana, object.union(copying(["write"], []), {"columns": [vague]}))
}
