# METADATA
# title: Who is asking
# description: What the rules have in common about the identity. A kind that is not known is treated like an agent.
package holdpoint.asking

trusted_kinds := {"human", "service"}

is_agent if not trusted

trusted if input.identity.kind in trusted_kinds

# METADATA
# title: Groups that count
# description: |
#   An agent has a right only when both it and the person it acts for have it; an agent that acts for nobody has its own.
has_group(group) if {
	group in input.identity.groups
	person_agrees(group)
}

person_agrees(_) if input.identity.actsFor == null

person_agrees(group) if group in input.identity.actsFor.groups
