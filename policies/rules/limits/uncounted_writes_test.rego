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
