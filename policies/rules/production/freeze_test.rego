package holdpoint.rules.production.freeze_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.production.freeze as rule

altered := {"tag": "ALTER TABLE", "effects": ["ddl"], "relations": [f.relation("orders", ["alter"])]}

written := {"tag": "INSERT", "effects": ["write"], "relations": [f.relation("orders", ["insert"])]}

frozen(target) := {"year-end": {"freeze": [target]}}

test_holds_a_change_of_definition_for_two if {
	some finding in rule.hold with input as f.by(f.cleo, altered) with data.schedules as frozen("test/shop")
	finding.reviewers == [{"group": "dba", "count": 2}]
	contains(finding.reason, "year-end")
}

test_holds_what_an_agent_writes_and_lets_people_write if {
	count(rule.hold) == 1 with input as f.by(f.bot, written) with data.schedules as frozen("test/shop")
	rule.hold == set() with input as f.by(f.ana, written) with data.schedules as frozen("test/shop")
}

test_says_nothing_of_other_targets_and_other_times if {
	rule.hold == set() with input as f.by(f.ana, altered) with data.schedules as frozen("prod/crm")
	rule.hold == set() with input as f.by(f.ana, altered) with data.schedules as {}
}
