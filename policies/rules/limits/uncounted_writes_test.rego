package holdpoint.rules.limits.uncounted_writes_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.limits.uncounted_writes as rule

limited := {"kinds": {"agent": {"rows_written_max": 10}}}

writing(flag) := {"effects": ["read", "write"], "relations": [f.relation("orders", ["delete"])], "flags": [flag]}

test_holds_what_is_not_counted if {
	every flag in ["data_modifying_cte", "explain_analyze"] {
		count(rule.hold) == 1 with input as f.by(f.bot, writing(flag)) with data.limits as limited
	}
}

beside(kind, through) := object.union(writing("returning"), {"kind": kind, "relations": [
	f.relation("orders", ["delete"]),
	object.union(f.relation("order_items", ["delete"]), {"through": through}),
]})

test_holds_do_and_what_a_function_writes_for_everybody_with_a_limit if {
	every kind in ["agent", "human"] {
		both := {"kinds": {kind: {"rows_written_max": 10}}}
		who := {"agent": f.bot, "human": f.ana}[kind]
		count(rule.hold) == 1 with input as f.by(who, object.union(writing("returning"), {"kind": "do"})) with data.limits as both
		count(rule.hold) == 1 with input as f.by(who, beside("select", ["public.forget"])) with data.limits as both
		rule.hold == set() with input as f.by(who, beside("select", ["public.forget"])) with data.limits as {"kinds": {}}
	}
}

test_holds_what_a_foreign_key_writes_for_whoever_is_no_person if {
	person := {"kinds": {"human": {"rows_written_max": 10}}}
	cascading := beside("delete", ["public.orders"])
	count(rule.hold) == 1 with input as f.by(f.bot, cascading) with data.limits as limited
	rule.hold == set() with input as f.by(f.ana, cascading) with data.limits as person
}

test_takes_the_number_of_a_sequence_for_no_row if {
	number := object.union(f.relation("orders_id_seq", ["update"]), {"kind": "sequence", "through": ["public.orders"]})
	inserting := object.union(writing("returning"), {"relations": [f.relation("orders", ["insert"]), number]})
	rule.hold == set() with input as f.by(f.bot, inserting) with data.limits as limited
}

test_leaves_alone_what_is_counted_or_not_limited if {
	rule.hold == set() with input as f.by(f.bot, writing("returning")) with data.limits as limited
	rule.hold == set() with input as f.by(f.ana, writing("data_modifying_cte")) with data.limits as limited
}

test_leaves_alone_what_only_reads_and_what_is_the_sessions_own if {
	reading := {"flags": ["explain_analyze"], "relations": [f.relation("orders", ["select"])]}
	rule.hold == set() with input as f.by(f.bot, reading) with data.limits as limited
	own := object.union(writing("data_modifying_cte"), {"relations": [f.temporary("kept", ["insert"])]})
	rule.hold == set() with input as f.by(f.bot, own) with data.limits as limited
}
