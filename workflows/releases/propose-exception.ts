import { stringify } from 'yaml'
import { z } from 'zod'
import type { Hold } from '../holds/hold.ts'
import { ReleaseError } from './errors.ts'
import { branch as branchShape } from './github/answers.ts'
import { createGitHubClient, type GitHubConfig } from './github/client.ts'

/**
 * "This should have been allowed": a pull request with one narrow exception that ends, and a test of it. It changes
 * nothing until people review and merge it.
 */
export interface Proposal {
  readonly reason: string
  readonly until: Date
}

const REPO = '/repos/{owner}/{repo}'
const opened = z.object({ number: z.int(), html_url: z.url() })

/** @throws ReleaseError not_possible when no single rule held it; else as GitHub answers */
export async function proposeException(
  { config, now, retries }: { readonly config: GitHubConfig; readonly now: () => number; readonly retries?: number },
  hold: Hold,
  by: { readonly name: string },
  proposal: Proposal,
): Promise<{ readonly url: string }> {
  const rule = hold.decision.rules.find(({ outcome }) => outcome === 'hold')?.id
  const { fingerprint } = hold.facts
  if (rule === undefined || !/^[a-z]\w*\.[a-z]\w*$/.test(rule) || fingerprint === '')
    throw new ReleaseError('not_possible', 'No rule held it that an exception could set aside.')
  const client = createGitHubClient({ config, now, ...(retries === undefined ? {} : { retries }) })
  const [owner = '', repo = ''] = (config.repository ?? '').split('/')
  const at = { owner, repo }
  const id = `from_${hold.id.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`
  const branch = `holdpoint/${id}`
  const { commit } = await client.ask(`GET ${REPO}/branches/{branch}`, { ...at, branch: config.branch }, branchShape)
  await client.ask(`POST ${REPO}/git/refs`, { ...at, ref: `refs/heads/${branch}`, sha: commit.sha }, z.unknown())
  const folder = config.path.replace(/^[./]+|\/+$/g, '')
  const files = {
    [`data/exceptions/${id}.yaml`]: exceptionFile(id, rule, hold, proposal),
    [`rules/exceptions/${id}_test.rego`]: testFile(id, rule, hold),
  }
  for (const [name, text] of Object.entries(files)) {
    const path = folder === '' ? name : `${folder}/${name}`
    const content = Buffer.from(text).toString('base64')
    await client.ask(
      `PUT ${REPO}/contents/{path}`,
      { ...at, path, branch, message: `Propose ${id}`, content },
      z.unknown(),
    )
  }
  const title = `Set ${rule} aside for ${fingerprint} until ${proposal.until.toISOString().slice(0, 10)}`
  const body = `Asked for in Slack by ${inCode(by.name)}, who says: ${inCode(proposal.reason)}\n\nIt covers one identity, one target and one shape of statement, and ends by itself.`
  const made = await client.ask(`POST ${REPO}/pulls`, { ...at, head: branch, base: config.branch, title, body }, opened)
  return { url: made.html_url }
}

function exceptionFile(id: string, rule: string, hold: Hold, { reason, until }: Proposal): string {
  const { issuer, subject } = hold.identity
  const exception = {
    rule,
    identity: { issuer, subject },
    target: hold.target.name,
    fingerprint: hold.facts.fingerprint,
    reason: reason.length >= 10 ? reason : `${reason} (said in Slack)`,
    until: until.toISOString(),
  }
  return stringify({ [id]: exception })
}

/** That it sets aside its rule for what it names, and nothing for another statement. */
function testFile(id: string, rule: string, hold: Hold): string {
  const asked = (fingerprint: string): string =>
    `{"identity": {"issuer": ${JSON.stringify(hold.identity.issuer)}, "subject": ${JSON.stringify(hold.identity.subject)}}, "target": {"name": ${JSON.stringify(hold.target.name)}}, "statement": {"fingerprint": ${JSON.stringify(fingerprint)}}}`
  return `package holdpoint.exceptions_${id}_test

import data.holdpoint.exceptions

test_sets_one_rule_aside if {
	exceptions.applying.${id} == ${JSON.stringify(rule)} with input as ${asked(hold.facts.fingerprint)}
}

test_leaves_other_statements_alone if {
	not exceptions.applying.${id} with input as ${asked('another')}
}
`
}

function inCode(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 500)}\``
}
