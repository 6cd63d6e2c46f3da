package holdpoint.rules.general.transactions_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.transactions as rule

test_permits_begin_and_commit if {
	count(rule.allow) == 1 with input as f.by(f.bot, {"tag": "BEGIN", "effects": ["transaction"]})
}

test_refuses_transactions_that_outlive_the_session if {
	count(rule.deny) == 1 with input as f.by(f.cleo, {"tag": "PREPARE TRANSACTION", "effects": ["transaction"]})
}
