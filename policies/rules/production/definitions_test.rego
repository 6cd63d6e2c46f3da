package holdpoint.rules.production.definitions_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.production.definitions as rule

changed(tag, relation) := {"tag": tag, "effects": ["ddl"], "relations": [relation]}

test_holds_a_migration if {
	count(rule.hold) == 1 with input as f.by(f.ana, changed("CREATE TABLE", f.relation("t", ["create"])))
	count(rule.hold) == 1 with input as f.by(f.cleo, changed("ALTER TABLE", f.relation("orders", ["alter"])))
	count(rule.hold) == 1 with input as f.by(f.ana, {"tag": "CREATE FUNCTION", "effects": ["ddl"]})
}

test_permits_what_is_routine if {
	count(rule.allow) == 1 with input as f.by(f.ana, changed("ANALYZE", f.relation("orders", ["maintain"])))
	rule.hold == set() with input as f.by(f.ana, changed("ANALYZE", f.relation("orders", ["maintain"])))
}

test_says_nothing_of_temporary_tables_and_outside_production if {
	rule.hold == set() with input as f.by(f.ana, changed("CREATE TABLE", f.temporary("t", ["create"])))
	rule.hold == set() with input as f.in_environment("staging", f.ana, changed("CREATE TABLE", f.relation("t", ["create"])))
}
