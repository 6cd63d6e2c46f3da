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

answered(with_holds) := decision.answering if {
	decision := holdpoint.decision with input as f.by(f.ana, {"tag": "GRANT", "effects": ["privilege"]})
		with data.holds as object.union(data.holds, with_holds)
}

test_says_how_a_hold_is_answered if {
	answering := answered({
		"escalate": {"group": "leads", "after_ms": 60000},
		"break_glass": {"group": "sre", "review_ms": 3600000, "escalate_to": "security"},
		"same_shape": {"runs": 20, "ms": 600000},
	})
	answering.escalate == {"group": "leads", "afterMs": 60000}
	answering.breakGlass == {"group": "sre", "reviewMs": 3600000, "escalateTo": "security"}
	answering.sameShape == {"runs": 20, "ms": 600000}
	answering.remindMs == 300000
	answering.reasonRequired == false
}

test_says_nothing_of_answering_what_the_data_leaves_out if {
	decision := holdpoint.decision with input as f.by(f.ana, {"tag": "GRANT", "effects": ["privilege"]})
		with data.holds as {"expiry_ms": 60000, "grant_ms": 60000, "on_hold": {}, "on_hold_by_kind": {"human": "wait"}}
		with data.oncall as []
	decision.answering == {
		"reasonRequired": false,
		"remindMs": null,
		"escalate": null,
		"onCall": [],
		"delegates": {},
		"breakGlass": null,
		"sameShape": null,
	}
}

test_wants_a_reason_where_the_data_or_a_rule_wants_one if {
	answered({"reason_required": true}).reasonRequired
	decision := holdpoint.decision with input as f.by(f.ana, {"tag": "GRANT", "effects": ["privilege"]})
		with data.holdpoint.rules.privilege.change.hold as {{
			"reason": "x",
			"reviewers": [{"group": "dba", "count": 1}],
			"covers": ["privilege"],
			"reason_required": true,
		}}
	decision.answering.reasonRequired
}
