# METADATA
# title: Exceptions in force
# description: |
#   Each entry of data/exceptions sets one rule aside, for one identity or group, on one target, for one kind of statement.
#   Its time is not looked at here: a policy is shown an entry only from its beginning until its end.
package holdpoint.exceptions

import data.holdpoint.asking

applying[id] := exception.rule if {
	some id, exception in data.exceptions
	exception.target == input.target.name
	is_for_asker(exception)
	is_narrow(exception)
	fits_fingerprint(exception)
	fits_relations(exception)
}

is_for_asker(exception) if {
	exception.identity.issuer == input.identity.issuer
	exception.identity.subject == input.identity.subject
}

is_for_asker(exception) if asking.has_group(exception.group)

is_narrow(exception) if exception.fingerprint

is_narrow(exception) if count(exception.relations) > 0

fits_fingerprint(exception) if not exception.fingerprint

fits_fingerprint(exception) if exception.fingerprint == input.statement.fingerprint

# Everything that the statement touches has to be named, views and what is behind them alike.
fits_relations(exception) if not exception.relations

fits_relations(exception) if {
	count(input.statement.relations) > 0
	every relation in input.statement.relations {
		$"{relation.schema}.{relation.name}" in exception.relations
	}
}
