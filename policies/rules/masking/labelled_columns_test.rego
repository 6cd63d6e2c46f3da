package holdpoint.rules.masking.labelled_columns_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.masking.labelled_columns as rule

reading(columns) := {"relations": [f.labelled("customers", ["select"], ["email", "phone"])], "columns": columns}

masks contains mask if {
	some finding in rule.mask
	some mask in finding.masks
}

test_masks_a_labelled_column_whatever_it_is_used_for if {
	some use in ["filtered"]
	masks == {{"schema": "public", "relation": "customers", "column": "email", "label": "email", "method": "email"}} with input as f.by(
		f.ana,
		reading([f.column("email", [use], ["email"]), f.column("name", ["projected"], [])]),
	)
}

test_shows_it_to_those_it_is_clear_to if {
	masks == set() with input as f.by(f.cleo, reading([f.column("email", ["projected"], ["email"])]))
}

test_shows_secrets_to_nobody if {
	some mask in masks with input as f.by(f.cleo, reading([f.column("password", ["projected"], ["secret"])]))
	mask.method == "null"
}

test_takes_the_strictest_method_of_several_labels if {
	some mask in masks with input as f.by(f.ana, reading([f.column("x", ["projected"], ["email", "salary"])]))
	mask.method == "null"
	mask.label == "salary"
}

test_blanks_a_label_that_nobody_defined if {
	some mask in masks with input as f.by(f.cleo, reading([f.column("x", ["projected"], ["novel"])]))
	mask.method == "null"
}

test_masks_for_an_agent_unless_both_it_and_its_person_may_see if {
	columns := reading([f.column("email", ["projected"], ["email"])])
	trusted := object.union(f.bot, {"groups": ["agents", "pii-readers"]})
	count(masks) == 1 with input as f.by(f.bot, columns)
	count(masks) == 1 with input as f.by(trusted, columns)
	masks == set() with input as f.by(object.union(trusted, {"actsFor": f.cleo}), columns)
}

test_covers_a_labelled_relation_that_is_written_without_its_columns if {
	some mask in masks with input as f.by(f.ana, {
		"effects": ["write"],
		"relations": [f.labelled("customers", ["delete"], ["email"])],
	})
	mask.column == "*"
}

test_masks_nothing_in_a_statement_without_labels if {
	rule.mask == set() with input as f.by(f.ana, {"columns": [f.column("name", ["projected"], [])]})
}
