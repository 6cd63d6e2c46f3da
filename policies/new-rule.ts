import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PolicyError } from './errors.ts'

/**
 * Writes a rule, its METADATA and its test: whole, passing, and in shadow until its author decides otherwise.
 * @param id area/name, as in production/no_friday_migrations
 * @returns the files, below the folder of the policies
 * @throws PolicyError policy_invalid for a name that is none, or is taken
 */
export function newRule(path: string, id: string): readonly string[] {
  const [, area, name] = /^([a-z][a-z0-9_]*)\/([a-z][a-z0-9_]*)$/.exec(id) ?? []
  if (area === undefined || name === undefined || name.endsWith('_test'))
    throw new PolicyError('policy_invalid', `${id} is not a name for a rule.`, {
      hint: 'area/name in small letters, e.g. production/no_friday_migrations',
    })
  const files = {
    [`rules/${area}/${name}.rego`]: ruleText(area, name),
    [`rules/${area}/${name}_test.rego`]: testText(area, name),
  }
  const taken = Object.keys(files).find((file) => existsSync(join(path, file)))
  if (taken !== undefined) throw new PolicyError('policy_invalid', `${taken} is there already.`)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text, { flag: 'wx' })
  }
  return Object.keys(files)
}

function ruleText(area: string, name: string): string {
  return `# METADATA
# title: Say in one sentence what becomes of what
# description: |
#   Say why, for whoever meets this rule or means to change it.
# custom:
#   severity: medium
#   owner: dba
#   controls: [SOC 2 CC8.1]
#   mode: shadow
package holdpoint.rules.${area}.${name}

import data.holdpoint.statement

title := rego.metadata.chain()[1].annotations.title

mode := rego.metadata.chain()[1].annotations.custom.mode

hold contains {
	"reason": $"{input.statement.tag} waits: say why to whoever asked.",
	"reviewers": data.reviewers.database,
	"covers": [],
} if {
	statement.in_production
	input.statement.tag == "DELETE"
}
`
}

function testText(area: string, name: string): string {
  return `package holdpoint.rules.${area}.${name}_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.${area}.${name} as rule

deleting := {"tag": "DELETE", "effects": ["write"], "relations": [f.relation("orders", ["delete"])]}

test_holds_a_delete_in_production if {
	count(rule.hold) == 1 with input as f.by(f.ana, deleting)
}

test_says_nothing_of_a_read_and_outside_production if {
	rule.hold == set() with input as f.by(f.ana, {"relations": [f.relation("orders", ["select"])]})
	rule.hold == set() with input as f.in_environment("staging", f.ana, deleting)
}
`
}
