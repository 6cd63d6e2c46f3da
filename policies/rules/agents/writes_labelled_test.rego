package holdpoint.rules.agents.writes_labelled_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.agents.writes_labelled as rule

writing(access, columns) := {
	"effects": ["read", "write"],
	"relations": [f.labelled("customers", access, ["email"])],
	"columns": columns,
}

test_holds_a_write_to_a_labelled_column if {
	some finding in rule.hold with input as f.by(f.bot, writing(["select", "update"], [f.column("email", ["written"], ["email"])]))
	finding.reviewers == [{"group": "data-owners", "count": 1}]
}

test_holds_rows_added_to_or_taken_from_a_labelled_relation if {
	every access in ["insert", "delete", "truncate"] {
		count(rule.hold) == 1 with input as f.by(f.bot, writing([access], []))
	}
}

test_holds_whoever_is_neither_a_person_nor_a_service if {
	count(rule.hold) == 1 with input as f.by(object.remove(f.ana, ["kind"]), writing(["delete"], []))
}

test_lets_an_agent_update_the_other_columns if {
	rule.hold == set() with input as f.by(f.bot, writing(["select", "update"], [f.column("name", ["written"], [])]))
}

test_lets_people_write if {
	rule.hold == set() with input as f.by(f.ana, writing(["update"], [f.column("email", ["written"], ["email"])]))
}
