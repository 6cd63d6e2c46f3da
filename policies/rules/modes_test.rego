package holdpoint.modes_test

import data.holdpoint
import data.holdpoint.fixture_test as f
import data.holdpoint.modes

emptied := f.by(f.ana, {
	"tag": "DELETE",
	"effects": ["write"],
	"relations": [f.relation("orders", ["delete"])],
	"flags": ["no_where"],
})

decided(mode) := decision if {
	decision := holdpoint.decision with input as emptied with data.modes as {"production.unbounded_write": mode}
}

test_lets_a_statement_run_that_a_rule_only_warns_of if {
	decision := decided("warn")
	decision.outcome == "allow"
	some aside in decision.unenforced
	aside == {
		"id": "production.unbounded_write",
		"title": "Changing every row of a production table is held",
		"reason": "DELETE changes every row: it has no WHERE.",
		"outcome": "hold",
		"why": "warn",
		"exception": null,
	}
}

test_only_tells_the_record_of_a_rule_that_is_watched if {
	decision := decided("shadow")
	decision.outcome == "allow"
	{aside.why | some aside in decision.unenforced; aside.id == "production.unbounded_write"} == {"shadow"}
}

test_permits_nothing_by_a_rule_that_is_watched if {
	made := f.by(f.ana, {"tag": "ALTER TABLE", "effects": ["ddl"], "relations": [f.relation("t", ["alter"])]})
	decision := holdpoint.decision with input as made with data.modes as {"production.definitions": "shadow"}
	decision.outcome == "deny"
	decision.rules[0].id == "general.nothing_permits"
	warned := holdpoint.decision with input as made with data.modes as {"production.definitions": "warn"}
	warned.outcome == "allow"
}

test_takes_the_mode_of_the_rule_itself if {
	modes.of("a.tried") == "shadow" with data.holdpoint.rules.a as {"tried": {"mode": "shadow"}}
	modes.of("a.tried") == "enforce" with data.holdpoint.rules.a as {"tried": {"mode": "shadow"}} with data.modes as {"a.tried": "enforce"}
}

test_enforces_what_is_misspelt if {
	decided("shadwo").outcome == "hold"
	modes.of("a.tried") == "enforce" with data.holdpoint.rules.a as {"tried": {"mode": "off"}}
}

test_says_nothing_when_everything_binds if {
	decision := holdpoint.decision with input as f.by(f.ana, {"relations": [f.relation("orders", ["select"])]})
	not decision.unenforced
}
