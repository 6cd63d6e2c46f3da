package holdpoint.rules.session.settings_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.session.settings as rule

set_to(name, value) := {
	"kind": "variable_set",
	"tag": "SET",
	"effects": ["session"],
	"settings": [f.setting(name, value, "session")],
}

permitted(name, value) if {
	rule.deny == set() with input as f.by(f.bot, set_to(name, value))
	count(rule.allow) == 1 with input as f.by(f.bot, set_to(name, value))
}

refused(name, value) if {
	count(rule.deny) == 1 with input as f.by(f.cleo, set_to(name, value))
	rule.allow == set() with input as f.by(f.cleo, set_to(name, value))
}

test_permits_what_drivers_and_tools_send if {
	every pair in [
		["application_name", "psql"], ["extra_float_digits", "3"], ["TimeZone", "UTC"], ["DateStyle", "ISO"],
		["search_path", ""], ["statement_timeout", "0"], ["synchronize_seqscans", "off"], ["row_security", "off"],
		["client_encoding", "UTF8"], ["standard_conforming_strings", "on"], ["timezone", null],
	] {
		permitted(pair[0], pair[1])
	}
}

test_refuses_what_changes_how_text_is_read if {
	refused("standard_conforming_strings", "off")
	refused("client_encoding", "SJIS")
	refused("backslash_quote", "on")
}

test_refuses_what_lets_a_statement_outlive_its_client if {
	every value in ["0", "1d"] { refused("client_connection_check_interval", value) }
	permitted("client_connection_check_interval", "1s")
	count(rule.deny) == 1 with input as f.by(f.cleo, of_scope("role", "client_connection_check_interval"))
}

test_refuses_who_acts_and_what_runs if {
	every name in ["role", "session_authorization", "session_replication_role", "local_preload_libraries", "app.user_id"] {
		refused(name, "x")
	}
}

test_refuses_a_value_that_is_not_a_constant if {
	count(rule.deny) == 1 with input as f.by(f.ana, {
		"effects": ["read", "session"],
		"settings": [f.setting("application_name", null, "session")],
	})
}

test_refuses_settings_of_the_system_and_unreviewed_ones_of_roles if {
	count(rule.deny) == 1 with input as f.by(f.cleo, of_scope("system", "work_mem"))
	count(rule.deny) == 1 with input as f.by(f.cleo, of_scope("role", "role"))
	rule.deny == set() with input as f.by(f.cleo, of_scope("role", "work_mem"))
}

of_scope(scope, name) := {
	"kind": "alter_role_set",
	"tag": "ALTER ROLE",
	"effects": ["privilege"],
	"settings": [f.setting(name, "x", scope)],
}
