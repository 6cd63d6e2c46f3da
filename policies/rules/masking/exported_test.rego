package holdpoint.rules.masking.exported_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.masking.exported as rule

exporting(columns) := {
	"kind": "copy",
	"tag": "COPY",
	"relations": [f.labelled("customers", ["select"], ["email"])],
	"columns": columns,
	"flags": ["copy_to"],
}

test_denies_a_hidden_column_and_names_it if {
	rule.deny == {{"reason": "COPY cannot mask public.customers.email: leave that out, or use SELECT."}} with input as f.by(
		f.ana,
		exporting([f.column("email", ["projected"], ["email"]), f.column("name", ["projected"], [])]),
	)
}

test_names_all_that_would_be_exposed_in_one_reason if {
	rule.deny == {{"reason": "COPY cannot mask public.customers.email, public.customers.phone: leave that out, or use SELECT."}} with input as f.by(
		f.ana,
		exporting([f.column("phone", ["projected"], ["phone"]), f.column("email", ["projected"], ["email"])]),
	)
}

test_denies_a_labelled_relation_of_which_no_column_is_known if {
	count(rule.deny) == 1 with input as f.by(f.ana, exporting([]))
}

test_lets_other_columns_out if rule.deny == set() with input as f.by(f.ana, exporting([f.column("name", ["projected"], [])]))

test_lets_those_export_who_see_the_values if {
	rule.deny == set() with input as f.by(f.cleo, exporting([f.column("email", ["projected"], ["email"])]))
}
