package holdpoint_test

import data.holdpoint
import data.holdpoint.fixture_test as f

test_allows_a_read_and_says_by_which_rule if {
	decision := holdpoint.decision with input as f.by(f.ana, {"relations": [f.relation("orders", ["select"])]})
	decision.outcome == "allow"
	decision.rules == [{
		"id": "general.reads",
		"title": "Reading is permitted",
		"reason": "Reading is permitted.",
		"outcome": "allow",
	}]
	decision.reviewers == []
	decision.onHold == null
}

test_denies_what_no_rule_speaks_for if {
	decision := holdpoint.decision with input as f.by(f.cleo, {"effects": ["read", "ddl"]})
		with data.holdpoint.rules.production.definitions as {}
	decision.outcome == "deny"
	decision.rules[0].id == "general.nothing_permits"
	contains(decision.rules[0].reason, "ddl")
}

test_denies_an_empty_input if holdpoint.decision.outcome == "deny" with input as {}

test_lets_a_deny_outweigh_a_hold if {
	decision := holdpoint.decision with input as f.by(f.ana, {
		"tag": "DELETE",
		"effects": ["read", "write", "external"],
		"flags": ["no_where"],
	})
	decision.outcome == "deny"
	{rule.outcome | some rule in decision.rules} == {"deny"}
}

test_asks_each_group_once_for_the_most_that_any_rule_wants if {
	decision := holdpoint.decision with input as f.by(f.bot, {
		"tag": "DELETE",
		"effects": ["read", "write", "privilege"],
		"relations": [f.labelled("customers", ["delete"], ["email"])],
		"flags": ["no_where"],
	})
		with data.reviewers.database as [{"group": "dba", "count": 2}]
	decision.outcome == "hold"
	decision.reviewers == [{"group": "data-owners", "count": 1}, {"group": "dba", "count": 2}]
}

held(identity, door) := decision if {
	granting := f.by(identity, {"tag": "GRANT", "effects": ["privilege"]})
	decision := holdpoint.decision with input as object.union(granting, {"session": {"door": door}})
}

test_makes_people_wait_and_agents_come_back if {
	held(f.ana, "postgres").onHold == "wait"
	held(f.bot, "postgres").onHold == "error"
	held(f.ana, "http").onHold == "defer"
	held(object.remove(f.ana, ["kind"]), "postgres").outcome == "deny"
	held(f.ana, "postgres").expiryMs == 900000
}
