package holdpoint.rules.general.outside_the_database_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.outside_the_database as rule

test_denies_files_and_programs if {
	rule.deny == {{"reason": "It reaches outside the database (program: COPY … PROGRAM)."}} with input as f.by(f.cleo, {
		"effects": ["read", "external"],
		"external": [{"kind": "program", "detail": "COPY … PROGRAM"}],
	})
}

test_denies_the_effect_alone if {
	count(rule.deny) == 1 with input as f.in_environment("development", f.cleo, {"effects": ["external"]})
}

test_says_nothing_of_what_stays_inside if rule.deny == set() with input as f.by(f.ana, {})
