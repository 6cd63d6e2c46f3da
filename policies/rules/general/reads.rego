# METADATA
# title: Reading is permitted
# description: |
#   Whoever may connect may read; what is sensitive is masked, and windows into data are closed by rules of their own.
# custom:
#   severity: informational
#   owner: data-owners
#   controls: [SOC 2 CC6.3]
package holdpoint.rules.general.reads

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

allow contains {"reason": "Reading is permitted.", "covers": ["read"]} if "read" in statement.effects
