package holdpoint.rules.general.incomplete_input_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.incomplete_input as rule

test_denies_an_input_without_facts if {
	count(rule.deny) == 1 with input as {}
	count(rule.deny) == 1 with input as object.remove(f.by(f.ana, {}), ["statement"])
}

test_denies_a_relation_without_its_labels if {
	bare := object.remove(f.relation("orders", ["select"]), ["labels"])
	count(rule.deny) == 1 with input as f.by(f.ana, {"relations": [bare]})
}

test_denies_an_agent_of_whom_it_is_not_known_for_whom_it_acts if {
	count(rule.deny) == 1 with input as f.by(object.remove(f.bot, ["actsFor"]), {})
}

test_denies_an_input_of_another_version if {
	count(rule.deny) == 1 with input as object.union(f.by(f.ana, {}), {"version": 2})
}

test_says_nothing_of_a_complete_input if {
	rule.deny == set() with input as f.by(f.bot, {
		"relations": [f.relation("orders", ["select"])],
		"columns": [f.column("name", ["projected"], [])],
		"functions": [f.builtin("now", "stable")],
		"settings": [f.setting("timezone", null, "session")],
	})
}
