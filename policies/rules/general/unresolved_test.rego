package holdpoint.rules.general.unresolved_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.unresolved as rule

test_denies_what_could_not_be_established_and_says_what if {
	rule.deny == {{"reason": "It contains a relation that is not known here: nowhere."}} with input as f.by(f.ana, {"unresolved": [{
		"code": "relation",
		"detail": "nowhere",
	}]})
}

test_denies_a_gap_of_a_new_kind if {
	count(rule.deny) == 1 with input as f.by(f.ana, {"unresolved": [{"code": "new", "detail": ""}]})
}

test_denies_when_the_list_is_missing if {
	count(rule.deny) == 1 with input as object.remove(f.by(f.ana, {}), ["statement"])
}

test_says_nothing_when_all_is_known if rule.deny == set() with input as f.by(f.ana, {})
