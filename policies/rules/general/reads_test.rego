package holdpoint.rules.general.reads_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.reads as rule

test_permits_reading if count(rule.allow) == 1 with input as f.by(f.bot, {})

test_permits_nothing_else if rule.allow == set() with input as f.by(f.ana, {"effects": ["write"]})
