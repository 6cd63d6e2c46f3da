# METADATA
# title: How a hold is answered
# description: |
#   What policies/data/holds.yaml and oncall.yaml say beside who answers and until when, in the words of
#   policies/answering.ts. What they leave out does not apply.
package holdpoint.answering

said := {
	"reasonRequired": reason_required,
	"remindMs": remind_ms,
	"escalate": escalate,
	"onCall": on_call,
	"delegates": delegates,
	"breakGlass": break_glass,
	"sameShape": same_shape,
}

default reason_required := false

reason_required if data.holds.reason_required == true

# A rule that holds may want one where the others do not.
reason_required if {
	some area, name
	some finding in data.holdpoint.rules[area][name].hold
	finding.reason_required == true
}

default remind_ms := null

remind_ms := data.holds.remind_ms

default escalate := null

escalate := {"group": data.holds.escalate.group, "afterMs": data.holds.escalate.after_ms}

on_call := [{
	"group": schedule.group,
	"startsAt": schedule.starts_at,
	"shiftMs": schedule.shift_ms,
	"shifts": schedule.shifts,
} |
	some schedule in data.oncall
]

default delegates := {}

delegates := data.holds.delegates

default break_glass := null

break_glass := {
	"group": data.holds.break_glass.group,
	"reviewMs": data.holds.break_glass.review_ms,
	"escalateTo": escalate_to,
}

# Without it, an overdue review is that of the group above.
default escalate_to := null

escalate_to := data.holds.break_glass.escalate_to

default same_shape := null

same_shape := data.holds.same_shape
