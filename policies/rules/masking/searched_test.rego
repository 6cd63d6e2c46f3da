package holdpoint.rules.masking.searched_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.masking.searched as rule

searching(uses) := {"columns": [f.column("email", uses, ["email"])]}

test_holds_a_search_that_can_spell_a_value_out if {
	count(rule.hold) == 1 with input as f.by(f.ana, searching(["projected", "filtered", "probed"]))
	count(rule.hold) == 1 with input as f.by(f.bot, searching(["grouped", "probed"]))
	count(rule.hold) == 1 with input as f.by(f.ana, searching(["divined"]))
}

test_holds_computing_that_fails_for_some_values if {
	some finding in rule.hold with input as f.by(f.ana, searching(["projected", "probed"]))
	contains(finding.reason, "computes with the masked column customers.email")
}

test_lets_people_look_values_up if {
	rule.hold == set() with input as f.by(f.ana, searching(["projected", "filtered", "sorted", "grouped", "joined"]))
}

test_lets_those_search_who_see_it_clear if {
	rule.hold == set() with input as f.by(f.cleo, searching(["filtered", "probed"]))
}

test_leaves_alone_what_a_view_was_made_with if {
	rule.hold == set() with input as f.by(f.ana, searching(["projected", "preset"]))
	count(rule.hold) == 1 with input as f.by(f.ana, searching(["preset", "probed"]))
}
