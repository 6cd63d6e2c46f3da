package holdpoint.rules.limits.asked_for_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.limits.asked_for as rule

limited := {"kinds": {"agent": {"rows_written_max": 10}}}

writing(flags) := {"effects": ["read", "write"], "relations": [f.relation("orders", ["update"])], "flags": flags}

test_holds_a_limited_write_whose_asker_says_so if {
	some finding in rule.hold with input as f.by(f.bot, writing(["asks_approval"])) with data.limits as limited
	contains(finding.reason, "more than 10 rows")
}

test_leaves_alone_who_says_nothing_who_is_not_limited_and_what_only_reads if {
	rule.hold == set() with input as f.by(f.bot, writing([])) with data.limits as limited
	rule.hold == set() with input as f.by(f.ana, writing(["asks_approval"])) with data.limits as limited
	reading := {"relations": [f.relation("orders", ["select"])], "flags": ["asks_approval"]}
	rule.hold == set() with input as f.by(f.bot, reading) with data.limits as limited
}
