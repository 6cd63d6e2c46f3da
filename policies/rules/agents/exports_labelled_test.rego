package holdpoint.rules.agents.exports_labelled_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.agents.exports_labelled as rule

exporting(columns) := {"tag": "COPY", "columns": columns, "flags": ["copy_to"]}

test_holds_an_agents_export_for_the_owners_of_the_data if {
	some finding in rule.hold with input as f.by(f.bot, exporting([f.column("email", ["projected"], ["email"])]))
	finding.reviewers == [{"group": "data-owners", "count": 1}]
}

test_lets_an_agent_export_the_rest if rule.hold == set() with input as f.by(f.bot, exporting([f.column("name", ["projected"], [])]))

test_says_nothing_of_people if {
	rule.hold == set() with input as f.by(f.ana, exporting([f.column("email", ["projected"], ["email"])]))
}
