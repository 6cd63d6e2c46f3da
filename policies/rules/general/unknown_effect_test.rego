package holdpoint.rules.general.unknown_effect_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.unknown_effect as rule

test_denies_an_unknown_effect if count(rule.deny) == 1 with input as f.by(f.ana, {"effects": ["read", "unknown"]})

test_denies_an_effect_that_nobody_has_heard_of if {
	count(rule.deny) == 1 with input as f.by(f.ana, {"effects": ["teleport"]})
}

test_says_nothing_of_known_effects if {
	rule.deny == set() with input as f.by(f.ana, {"effects": ["read", "transaction", "session", "write", "ddl", "privilege"]})
}
