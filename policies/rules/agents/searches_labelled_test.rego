package holdpoint.rules.agents.searches_labelled_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.agents.searches_labelled as rule

searching(uses) := {"columns": [f.column("email", uses, ["email"])]}

test_holds_a_search_by_a_hidden_column if {
	every use in ["filtered", "joined", "sorted", "grouped"] {
		count(rule.hold) == 1 with input as f.by(f.bot, searching(["projected", use]))
	}
}

test_lets_an_agent_read_it_masked if rule.hold == set() with input as f.by(f.bot, searching(["projected"]))

test_lets_people_search if rule.hold == set() with input as f.by(f.ana, searching(["filtered"]))

test_lets_an_agent_read_a_view_with_a_filter_of_its_own if {
	rule.hold == set() with input as f.by(f.bot, searching(["preset"]))
	count(rule.hold) == 1 with input as f.by(f.bot, searching(["preset", "filtered"]))
}
