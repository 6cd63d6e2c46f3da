package holdpoint.rules.catalog.windows_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.catalog.windows as rule

reading(relation) := {"relations": [relation]}

test_lets_tools_read_what_the_database_is_made_of if {
	every name in ["pg_class", "pg_attribute", "pg_proc", "pg_roles", "pg_settings", "pg_statistic_ext"] {
		rule.deny == set() with input as f.by(f.bot, reading(f.system(name, ["select"])))
	}
}

test_closes_the_windows_for_everybody if {
	every name in [
		"pg_stats", "pg_statistic", "pg_stats_ext", "pg_authid", "pg_shadow", "pg_user_mapping", "pg_largeobject", "pg_prepared_statements", "pg_cursors", "pg_brand_new",
	] {
		count(rule.deny) == 1 with input as f.by(f.cleo, reading(f.system(name, ["select"])))
	}
}

test_closes_toast_tables if {
	toast := object.union(f.system("pg_toast_16384", ["select"]), {"schema": "pg_toast"})
	count(rule.deny) == 1 with input as f.by(f.cleo, reading(toast))
}

test_looks_through_a_harmless_view_but_not_through_any_other if {
	rule.deny == set() with input as f.by(f.ana, reading(behind("pg_catalog.pg_roles")))
	count(rule.deny) == 1 with input as f.by(f.ana, reading(behind("public.pg_roles")))
}

test_closes_views_of_extensions_wherever_they_are if {
	count(rule.deny) == 1 with input as f.by(f.cleo, reading(f.relation("pg_stat_statements", ["select"])))
}

test_says_nothing_of_ordinary_tables if rule.deny == set() with input as f.by(f.ana, reading(f.relation("orders", ["select"])))

behind(view) := object.union(f.system("pg_authid", ["select"]), {"through": [view]})

using(name, columns) := {
	"relations": [f.system(name, ["select"])],
	"columns": [{"schema": "pg_catalog", "relation": name, "column": column, "uses": ["projected"], "labels": []} | some column in columns],
}

test_opens_single_columns_of_a_closed_catalog if {
	rule.deny == set() with input as f.by(f.ana, using("pg_stat_activity", ["pid", "state"]))
	rule.deny == set() with input as f.by(f.ana, using("pg_subscription", ["subname"]))
	rule.deny == set() with input as f.by(f.ana, using("pg_subscription", []))
}

test_keeps_the_others_closed if {
	count(rule.deny) == 1 with input as f.by(f.cleo, using("pg_stat_activity", ["pid", "query"]))
	count(rule.deny) == 1 with input as f.by(f.cleo, using("pg_subscription", ["subconninfo"]))
	count(rule.deny) == 1 with input as f.by(f.cleo, using("pg_user_mappings", ["umoptions"]))
	nameless := object.union(using("pg_stat_activity", []), {"columns": [{"uses": ["projected"], "labels": []}]})
	count(rule.deny) == 1 with input as f.by(f.cleo, nameless)
}
