package holdpoint.rules.session.role_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.session.role as rule

test_denies_another_role if {
	count(rule.deny) == 1 with input as f.by(f.cleo, {
		"effects": ["session"],
		"settings": [f.setting("role", "postgres", "session")],
	})
}

authorization(kind, value) := f.by(f.ana, {
	"kind": kind,
	"effects": ["session"],
	"settings": [f.setting("session_authorization", value, "session")],
})

test_lets_the_login_role_be_taken_back_and_no_other if {
	rule.deny == set() with input as authorization("variable_set", null)
	count(rule.deny) == 1 with input as authorization("variable_set", "postgres")
	count(rule.deny) == 1 with input as authorization("select", null)
}

test_says_nothing_of_other_settings if {
	rule.deny == set() with input as f.by(f.ana, {
		"effects": ["session"],
		"settings": [f.setting("timezone", "UTC", "session")],
	})
}
