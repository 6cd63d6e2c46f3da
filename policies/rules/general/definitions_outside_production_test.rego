package holdpoint.rules.general.definitions_outside_production_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.definitions_outside_production as rule

created := {"tag": "CREATE TABLE", "effects": ["ddl"], "relations": [f.relation("t", ["create"])]}

test_permits_definitions_in_staging_and_development if {
	count(rule.allow) == 1 with input as f.in_environment("staging", f.ana, created)
	count(rule.allow) == 1 with input as f.in_environment("development", f.bot, created)
}

test_permits_temporary_tables_in_production if {
	count(rule.allow) == 1 with input as f.by(f.ana, {"effects": ["ddl"], "relations": [f.temporary("t", ["create"])]})
}

test_permits_to_drop_what_is_not_there if {
	nothing := object.union(f.relation("t", ["drop"]), {"kind": "missing"})
	some finding in rule.allow with input as f.by(f.ana, {"effects": ["ddl"], "relations": [nothing]})
	contains(finding.reason, "nothing of that name")
	rule.allow == set() with input as f.by(f.ana, {"effects": ["ddl"], "relations": [nothing, f.relation("u", ["drop"])]})
}

test_says_nothing_for_production if rule.allow == set() with input as f.by(f.ana, created)

test_takes_an_environment_that_is_not_known_for_production if {
	rule.allow == set() with input as f.in_environment("prd", f.ana, created)
	rule.allow == set() with input as object.remove(f.by(f.ana, created), ["target"])
}
