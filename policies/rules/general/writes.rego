# METADATA
# title: Writing rows is permitted
# description: |
#   INSERT, UPDATE, DELETE, MERGE and COPY FROM are everyday work. Other rules hold what is unbounded, what carries sensitive
#   values elsewhere, and what an agent does to sensitive relations.
# custom:
#   severity: informational
#   owner: data-owners
#   controls: [SOC 2 CC6.3]
package holdpoint.rules.general.writes

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

allow contains {"reason": "Writing rows is permitted.", "covers": ["write"]} if "write" in statement.effects
