package holdpoint.exceptions_test

import data.holdpoint
import data.holdpoint.exceptions
import data.holdpoint.fixture_test as f

backfill := {
	"rule": "production.unbounded_write",
	"group": "engineers",
	"target": "test/shop",
	"relations": ["public.orders"],
	"reason": "Backfill of the new column",
	"until": "2026-12-01T00:00:00Z",
}

emptied := {
	"kind": "delete",
	"tag": "DELETE",
	"effects": ["write"],
	"relations": [f.relation("orders", ["delete"])],
	"flags": ["no_where"],
	"fingerprint": "50fde20626009aba",
}

decided(identity, statement, exception) := decision if {
	decision := holdpoint.decision with input as f.by(identity, statement)
		with data.exceptions as {"backfill": exception}
}

test_sets_the_rule_aside_and_says_so if {
	decision := decided(f.ana, emptied, backfill)
	decision.outcome == "allow"
	some aside in decision.unenforced
	aside.id == "production.unbounded_write"
	aside.why == "exception"
	aside.exception == "backfill"
}

test_covers_what_the_excepted_hold_would_have_covered if {
	made := {"kind": "alter", "tag": "ALTER TABLE", "effects": ["ddl"], "relations": [f.relation("orders", ["alter"])]}
	decided(f.ana, made, object.union(backfill, {"rule": "production.definitions"})).outcome == "allow"
}

test_leaves_every_other_rule_in_force if {
	outside := object.union(emptied, {"effects": ["write", "external"]})
	decided(f.ana, outside, backfill).outcome == "deny"
}

test_is_for_nobody_else if {
	decided(object.union(f.ana, {"groups": ["sales"]}), emptied, backfill).outcome == "hold"
	one := object.remove(object.union(backfill, {"identity": {"issuer": "https://id.test", "subject": "1"}}), ["group"])
	decided(f.ana, emptied, one).outcome == "allow"
	decided(object.union(f.ana, {"subject": "2"}), emptied, one).outcome == "hold"
	decided(object.union(f.ana, {"issuer": "https://other.test"}), emptied, one).outcome == "hold"
}

test_is_for_an_agent_only_where_its_person_has_the_group_too if {
	both := object.union(f.bot, {"groups": ["agents", "engineers"]})
	exceptions.applying == {"backfill": "production.unbounded_write"} with input as f.by(both, emptied)
		with data.exceptions as {"backfill": backfill}
	exceptions.applying == {} with input as f.by(f.bot, emptied) with data.exceptions as {"backfill": backfill}
}

test_is_for_no_other_target_relation_or_statement if {
	decided(f.ana, emptied, object.union(backfill, {"target": "prod/crm"})).outcome == "hold"
	decided(f.ana, emptied, object.union(backfill, {"relations": ["public.customers"]})).outcome == "hold"
	decided(f.ana, emptied, object.union(backfill, {"fingerprint": "0"})).outcome == "hold"
	joined := object.union(emptied, {"relations": [f.relation("orders", ["delete"]), f.relation("lines", ["select"])]})
	decided(f.ana, joined, backfill).outcome == "hold"
}

test_is_not_for_everything if {
	decided(f.ana, emptied, object.remove(backfill, ["relations"])).outcome == "hold"
	decided(f.ana, emptied, object.union(backfill, {"relations": []})).outcome == "hold"
	decided(f.ana, object.union(emptied, {"relations": []}), backfill).outcome == "hold"
}

test_takes_a_permission_away_and_gives_none if {
	decided(f.ana, object.union(emptied, {"flags": []}), object.union(backfill, {"rule": "general.writes"})).outcome == "deny"
}
