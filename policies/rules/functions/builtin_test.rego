package holdpoint.rules.functions.builtin_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.functions.builtin as rule

calling(name, volatility) := {"functions": [f.builtin(name, volatility)]}

test_lets_computing_functions_through if {
	every pair in [["lower", "immutable"], ["now", "stable"], ["random", "volatile"], ["nextval", "volatile"], ["pg_table_size", "volatile"]] {
		rule.deny == set() with input as f.by(f.bot, calling(pair[0], pair[1]))
	}
}

test_denies_volatile_ones_that_nobody_reviewed if {
	every name in ["pg_read_file", "lo_export", "pg_switch_wal", "pg_reload_conf", "pg_brand_new"] {
		count(rule.deny) == 1 with input as f.by(f.cleo, calling(name, "volatile"))
	}
}

test_denies_windows_into_data if {
	every name in ["table_to_xml", "database_to_xml", "pg_stat_get_activity", "pg_mcv_list_items"] {
		count(rule.deny) == 1 with input as f.by(f.cleo, calling(name, "stable"))
	}
	count(rule.deny) == 1 with input as f.by(f.cleo, calling("query_to_xml", "volatile"))
}

test_denies_a_function_without_volatility if {
	count(rule.deny) == 1 with input as f.by(f.ana, {"functions": [object.remove(f.builtin("pg_brand_new", ""), ["volatility"])]})
}

test_leaves_ending_sessions_to_the_rule_for_privileges if {
	held := object.union(calling("pg_terminate_backend", "volatile"), {"effects": ["read", "privilege"]})
	rule.deny == set() with input as f.by(f.ana, held)
	count(rule.deny) == 1 with input as f.by(f.ana, calling("pg_terminate_backend", "volatile"))
}

test_lets_a_notification_through_unless_it_might_carry_hidden_values if {
	rule.deny == set() with input as f.by(f.ana, calling("pg_notify", "volatile"))
	hidden := object.union(calling("pg_notify", "volatile"), {"columns": [f.column("email", ["projected"], ["email"])]})
	reason := "The function pg_notify may not be called beside columns that you see masked (the payload reaches every listener)."
	rule.deny == {{"reason": reason}} with input as f.by(f.ana, hidden)
	rule.deny == set() with input as f.by(f.cleo, hidden)
}
