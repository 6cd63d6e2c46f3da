package holdpoint.rules.general.writes_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.writes as rule

test_permits_writing if count(rule.allow) == 1 with input as f.by(f.ana, {"effects": ["read", "write"]})

test_permits_nothing_else if rule.allow == set() with input as f.by(f.ana, {"effects": ["ddl"]})
