package holdpoint.rules.session.role_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.session.role as rule

test_denies_another_role if {
	count(rule.deny) == 1 with input as f.by(f.cleo, {
		"effects": ["session"],
		"settings": [f.setting("role", "postgres", "session")],
	})
}

test_says_nothing_of_other_settings if {
	rule.deny == set() with input as f.by(f.ana, {
		"effects": ["session"],
		"settings": [f.setting("timezone", "UTC", "session")],
	})
}
