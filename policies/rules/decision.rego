# METADATA
# title: The decision
# description: |
#   The one place where findings become a decision. Every rule is a package under holdpoint.rules.<area>.<rule> and adds
#   findings to one of five sets:
#
#     deny   the statement does not run
#     hold   it runs when the reviewers it names agree
#     mask   these columns are shown masked
#     limit  it gives and writes no more rows, and takes no more time, than this
#     allow  these effects are permitted
#
#   A finding binds, unless its rule only warns or is only watched (its mode), or a reviewed exception sets it aside. What
#   does not bind is told apart in the decision, and recorded.
#
#   A deny outweighs everything. A statement that nobody denies still needs every one of its effects to be covered by an
#   allow or a hold: what no rule speaks for is denied.
package holdpoint

import data.holdpoint.exceptions
import data.holdpoint.modes
import data.holdpoint.statement

# METADATA
# title: The object that policies/decision.ts describes
# entrypoint: true
decision := object.union(denied, aside) if outcome == "deny"

decision := object.union(held, object.union(limits, aside)) if outcome == "hold"

decision := object.union(allowed, object.union(limits, aside)) if outcome == "allow"

# The last name has to be written out: the compiler to WASM stumbles over functions that a variable there might mean.
found contains described(finding, area, name, "deny") if {
	some area, name
	some finding in data.holdpoint.rules[area][name].deny
}

found contains described(finding, area, name, "hold") if {
	some area, name
	some finding in data.holdpoint.rules[area][name].hold
}

found contains described(finding, area, name, "mask") if {
	some area, name
	some finding in data.holdpoint.rules[area][name].mask
}

found contains described(finding, area, name, "limit") if {
	some area, name
	some finding in data.holdpoint.rules[area][name].limit
}

found contains described(finding, area, name, "allow") if {
	some area, name
	some finding in data.holdpoint.rules[area][name].allow
}

described(finding, area, name, outcome) := object.union(finding, {
	"id": concat(".", [area, name]),
	"title": data.holdpoint.rules[area][name].title,
	"outcome": outcome,
})

binding contains finding if {
	some finding in found
	not set_aside(finding)
}

kinds := {finding.outcome | some finding in binding}

covered contains effect if {
	some finding in binding
	some effect in finding.covers
}

# Where a rule warns, the statement runs; where one is excepted, it runs because the exception was reviewed. A rule that
# is only watched permits nothing.
covered contains effect if {
	some finding in found
	permitted_aside(finding)
	some effect in finding.covers
}

permitted_aside(finding) if modes.of(finding.id) == "warn"

permitted_aside(finding) if {
	finding.outcome != "allow"
	modes.of(finding.id) == "enforce"
	some id
	exceptions.applying[id] == finding.id
}

set_aside(finding) if modes.of(finding.id) in {"warn", "shadow"}

set_aside(finding) if {
	some id
	exceptions.applying[id] == finding.id
}

aside := {"unenforced": unenforced} if count(unenforced) > 0

aside := {} if count(unenforced) == 0

unenforced := array.concat(
	sort([object.union(said(finding), {"why": modes.of(finding.id), "exception": null}) |
		some finding in found
		modes.of(finding.id) in {"warn", "shadow"}
	]),
	sort([object.union(said(finding), {"why": "exception", "exception": id}) |
		some finding in found
		modes.of(finding.id) == "enforce"
		some id
		exceptions.applying[id] == finding.id
	]),
)

said(finding) := object.filter(finding, {"id", "title", "reason", "outcome"})

limits := {"limits": object.union(of_all, of_writes)} if "limit" in kinds

limits := {} if not "limit" in kinds

of_all := {"rows": strictest("rows"), "timeoutMs": strictest("timeout_ms")}

of_writes := {"rowsWrittenMax": strictest("rows_written_max")} if strictest("rows_written_max") != null

of_writes := {} if strictest("rows_written_max") == null

strictest(what) := min(asked) if {
	asked := {finding[what] | some finding in binding}
	count(asked) > 0
} else := null

# Written so that an `effects` that is missing leaves both undefined, and the last line decides.
outcome := "deny" if {
	"deny" in kinds
} else := "hold" if {
	"hold" in kinds
	count(statement.effects - covered) == 0
} else := "allow" if {
	count(statement.effects) > 0
	count(statement.effects - covered) == 0
} else := "deny"

denied := {
	"outcome": "deny",
	"rules": denials,
	"masks": [],
	"reviewers": [],
	"expiryMs": null,
	"grantMs": null,
	"onHold": null,
}

held := {
	"outcome": "hold",
	"rules": array.concat(fired("hold"), array.concat(fired("mask"), fired("limit"))),
	"masks": sort(masks),
	"reviewers": [{"group": group, "count": max(needed[group])} | some group in sort(object.keys(needed))],
	"expiryMs": data.holds.expiry_ms,
	"grantMs": data.holds.grant_ms,
	"onHold": manner,
	"answering": data.holdpoint.answering.said,
}

allowed := {
	"outcome": "allow",
	"rules": array.concat(fired("mask"), array.concat(fired("limit"), fired("allow"))),
	"masks": sort(masks),
	"reviewers": [],
	"expiryMs": null,
	"grantMs": null,
	"onHold": null,
}

denials := fired("deny") if "deny" in kinds

denials := [{
	"id": "general.nothing_permits",
	"title": "What no rule speaks for is denied",
	"reason": $"No rule permits this statement ({concat(", ", sort(statement.effects - covered))}).",
	"outcome": "deny",
}] if {
	not "deny" in kinds
}

# Sorted, because a set has an order of its own in WebAssembly, which is not OPA's.
fired(kind) := sort([said(finding) |
	some finding in binding
	finding.outcome == kind
])

masks contains mask if {
	some finding in binding
	some mask in finding.masks
}

# Several rules may ask the same group: the largest number asked for is enough for all of them.
needed[group] := {count |
	some finding in binding
	some entry in finding.reviewers
	entry.group == group
	count := entry.count
} if {
	some finding in binding
	some entry in finding.reviewers
	group := entry.group
}

# How a held client waits: by the door it came through, else by who asks; a kind that is not known gets an error at once.
manner := by_door

by_door := data.holds.on_hold[input.session.door]

manner := by_kind if not by_door

manner := "error" if {
	not by_door
	not by_kind
}

by_kind := data.holds.on_hold_by_kind[input.identity.kind]
