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

test_lets_a_value_move_to_where_it_is_masked_as_well if {
	archived := object.union(f.column("email", ["written"], ["email"]), {"relation": "archive"})
	copied := object.union(copying(["read", "write"], []), {"columns": [f.column("email", ["projected"], ["email"]), archived]})
	rule.hold == set() with input as f.by(f.ana, copied)
}

test_holds_a_value_that_moves_to_a_column_of_another_kind if {
	every labels in [[], ["phone"]] {
		other := object.union(f.column("note", ["written"], labels), {"relation": "archive"})
		copied := object.union(copying(["read", "write"], []), {"columns": [f.column("email", ["projected"], ["email"]), other]})
		count(rule.hold) == 1 with input as f.by(f.ana, copied)
	}
}

moving(uses, label) := object.union(copying(["read", "write"], []), {"columns": [
	object.union(f.column("phone", uses, [label]), {"relation": "archive"}),
	f.column("phone", ["written"], [label]),
]})

test_holds_a_part_of_a_value_where_the_mask_shows_a_part if {
	every uses in [["projected", "computed"], ["written", "computed"]] {
		every label in ["phone", "email", "birth_date"] { count(rule.hold) == 1 with input as f.by(f.ana, moving(uses, label)) }
	}
}

test_lets_a_part_of_a_value_move_to_where_nothing_is_shown if {
	every label in ["salary", "address", "made_up"] {
		rule.hold == set() with input as f.by(f.ana, moving(["projected", "computed"], label))
	}
}

into_temporary(labels) := object.union(
	copying(["read", "write", "ddl"], ["projected"]),
	{"relations": [f.labelled("customers", ["select"], ["email"]), object.union(f.temporary("t", ["create", "insert"]), {"labels": labels})]},
)

test_lets_a_value_into_a_temporary_table_that_keeps_its_label if {
	rule.hold == set() with input as f.by(f.ana, into_temporary(["email", "phone"]))
}

test_holds_a_value_for_a_temporary_table_of_which_nothing_is_known if {
	every labels in [[], ["phone"]] { count(rule.hold) == 1 with input as f.by(f.ana, into_temporary(labels)) }
}

test_holds_a_value_that_goes_into_a_lasting_table_beside_a_temporary_one if {
	both := into_temporary(["email"])
	lasting := object.union(both, {"relations": array.concat(both.relations, [f.relation("copies", ["insert"])])})
	count(rule.hold) == 1 with input as f.by(f.ana, lasting)
}
