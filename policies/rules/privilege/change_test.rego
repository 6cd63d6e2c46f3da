package holdpoint.rules.privilege.change_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.privilege.change as rule

test_holds_a_grant_for_the_dbas if {
	some finding in rule.hold with input as f.by(f.cleo, {"tag": "GRANT", "effects": ["privilege"]})
	finding.reviewers == [{"group": "dba", "count": 1}]
}

test_holds_it_in_development_too if {
	count(rule.hold) == 1 with input as f.in_environment("development", f.ana, {"tag": "CREATE ROLE", "effects": ["privilege"]})
}

test_says_nothing_of_the_rest if rule.hold == set() with input as f.by(f.ana, {"effects": ["read", "write", "ddl"]})
