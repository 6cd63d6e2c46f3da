package holdpoint.rules.functions.unknown_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.functions.unknown as rule

test_denies_a_function_that_was_not_looked_into if {
	opaque := object.union(f.builtin("magic", "volatile"), {"known": false, "builtin": false, "schema": "public"})
	count(rule.deny) == 1 with input as f.by(f.cleo, {"functions": [opaque]})
}

test_denies_a_function_of_unknown_volatility if {
	count(rule.deny) == 1 with input as f.by(f.cleo, {"functions": [f.builtin("magic", "unknown")]})
}

test_says_nothing_of_a_known_one if rule.deny == set() with input as f.by(f.ana, {"functions": [f.builtin("lower", "immutable")]})
