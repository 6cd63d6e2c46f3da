package holdpoint.rules.limits.by_asker_test

import data.holdpoint
import data.holdpoint.fixture_test as f
import data.holdpoint.rules.limits.by_asker as rule

reading := {"relations": [f.relation("orders", ["select"])]}

test_limits_an_agent if {
	some finding in rule.limit with input as f.by(f.bot, reading) with data.limits as {"kinds": {"agent": {"rows": 10}}}
	finding.rows == 10
}

test_leaves_people_alone if {
	rule.limit == set() with input as f.by(f.ana, reading) with data.limits as {"kinds": {"agent": {"rows": 10}}}
}

test_takes_the_strictest_of_all if {
	decision := holdpoint.decision with input as f.by(f.bot, reading)
		with data.limits as {"kinds": {"agent": {"rows": 50, "timeout_ms": 9000}}, "targets": {"test/shop": {"rows": 100, "timeout_ms": 2000}}}
	decision.limits == {"rows": 50, "timeoutMs": 2000}
	count([rule | some rule in decision.rules; rule.outcome == "limit"]) == 2
}

test_limits_only_what_is_named if {
	decision := holdpoint.decision with input as f.by(f.ana, reading)
		with data.limits as {"targets": {"test/shop": {"rows": 100}}}
	decision.limits == {"rows": 100, "timeoutMs": null}
	unlimited := holdpoint.decision with input as f.by(f.ana, reading)
	not unlimited.limits
}

writing := {"effects": ["write"], "relations": [f.relation("orders", ["update"])]}

test_limits_what_is_written_in_production if {
	data_limits := {"writes_in_production": {"human": {"rows_written_max": 7}}}
	decision := holdpoint.decision with input as f.by(f.ana, writing) with data.limits as data_limits
	decision.limits == {"rows": null, "timeoutMs": null, "rowsWrittenMax": 7}
	rule.limit == set() with input as f.by(f.ana, reading) with data.limits as data_limits
	rule.limit == set() with input as f.in_environment("staging", f.ana, writing) with data.limits as data_limits
}
