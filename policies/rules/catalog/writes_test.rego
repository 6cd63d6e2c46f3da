package holdpoint.rules.catalog.writes_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.catalog.writes as rule

test_denies_a_write_to_a_catalog if {
	count(rule.deny) == 1 with input as f.in_environment("development", f.cleo, {
		"effects": ["write"],
		"relations": [f.system("pg_class", ["select", "update"])],
	})
}

test_says_nothing_of_reading_one if rule.deny == set() with input as f.by(f.ana, {"relations": [f.system("pg_class", ["select"])]})
