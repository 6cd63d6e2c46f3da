package holdpoint.rules.production.drop_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.production.drop as rule

dropped(tag, access) := {"kind": "drop", "tag": tag, "effects": ["ddl"], "relations": [f.relation("orders", [access])]}

test_denies_drop_and_truncate_of_a_production_table if {
	every pair in [["DROP TABLE", "drop"], ["TRUNCATE TABLE", "truncate"], ["ALTER TABLE", "drop"]] {
		some finding in rule.deny with input as f.by(f.cleo, dropped(pair[0], pair[1]))
		contains(finding.reason, "public.orders")
	}
}

test_denies_a_drop_that_names_no_relation if {
	count(rule.deny) == 1 with input as f.by(f.cleo, {"kind": "drop", "tag": "DROP SCHEMA", "effects": ["ddl"]})
	count(rule.deny) == 1 with input as f.by(f.cleo, {"kind": "dropdb", "tag": "DROP DATABASE", "effects": ["ddl"]})
}

test_leaves_an_index_to_the_rule_for_definitions if {
	rule.deny == set() with input as f.by(f.cleo, {"kind": "drop", "tag": "DROP INDEX", "effects": ["ddl"]})
}

test_leaves_temporary_tables_alone if {
	rule.deny == set() with input as f.by(f.ana, object.union(dropped("DROP TABLE", "drop"), {"relations": [f.temporary("t", ["drop"])]}))
}

test_leaves_alone_what_drops_nothing if {
	nothing := object.union(f.relation("t", ["drop"]), {"kind": "missing"})
	statement := object.union(dropped("DROP TABLE", "drop"), {"relations": [nothing]})
	rule.deny == set() with input as f.by(f.ana, statement)
	count(rule.deny) == 1 with input as f.by(f.ana, object.union(statement, {"relations": [nothing, f.relation("orders", ["drop"])]}))
}

test_says_nothing_outside_production if {
	rule.deny == set() with input as f.in_environment("staging", f.ana, dropped("DROP TABLE", "drop"))
}

test_takes_an_environment_that_is_not_known_for_production if {
	count(rule.deny) > 0 with input as f.in_environment("", f.ana, dropped("DROP TABLE", "drop"))
}
