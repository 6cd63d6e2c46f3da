# What the tests beside the rules are made of: people, and statements of which a test names only what matters to it. Their
# target is nobody's, so that exceptions, schedules and limits of real ones change no test.
package holdpoint.fixture_test

ana := {
	"issuer": "https://id.test",
	"subject": "1",
	"name": "ana",
	"groups": ["engineers"],
	"kind": "human",
	"actsFor": null,
	"provenBy": "oidc",
}

cleo := object.union(ana, {"subject": "3", "name": "cleo", "groups": ["dba", "data-owners", "pii-readers"]})

bot := object.union(ana, {
	"subject": "9",
	"name": "report-bot",
	"groups": ["agents"],
	"kind": "agent",
	"actsFor": {"issuer": "https://id.test", "subject": "1", "name": "ana", "groups": ["engineers"]},
})

by(identity, statement) := in_environment("production", identity, statement)

in_environment(environment, identity, statement) := {
	"version": 1,
	"identity": identity,
	"target": {"name": "test/shop", "environment": environment, "database": "shop"},
	"session": {"door": "postgres", "role": "app"},
	"statement": object.union(
		{
			"kind": "select",
			"tag": "SELECT",
			"effects": ["read"],
			"relations": [],
			"columns": [],
			"functions": [],
			"roles": [],
			"settings": [],
			"external": [],
			"locks": [],
			"flags": [],
			"unresolved": [],
			"fingerprint": "0",
		},
		statement,
	),
}

relation(name, access) := {
	"schema": "public",
	"name": name,
	"kind": "table",
	"access": access,
	"system": false,
	"temporary": false,
	"through": [],
	"labels": [],
}

labelled(name, access, labels) := object.union(relation(name, access), {"labels": labels})

temporary(name, access) := object.union(relation(name, access), {"schema": "pg_temp", "temporary": true})

system(name, access) := object.union(relation(name, access), {"schema": "pg_catalog", "system": true})

column(name, uses, labels) := {
	"schema": "public",
	"relation": "customers",
	"column": name,
	"uses": uses,
	"labels": labels,
}

builtin(name, volatility) := {
	"schema": "pg_catalog",
	"name": name,
	"volatility": volatility,
	"known": true,
	"builtin": true,
}

setting(name, value, scope) := {"name": name, "value": value, "scope": scope}
