import { z } from 'zod'
import { comment as commentShape, created } from '../github/answers.ts'
import type { GitHubClient } from '../github/client.ts'
import type { Repository } from '../provenance/gather-pull.ts'
import { MARKER, type PullAnswer, testedWith } from './pull-comment.ts'

/** Our one comment and our one check on a pull request. An app writes check runs; a token can only write statuses. */
const NAME = 'holdpoint'
const COMMENTS_MAX = 2_000
const REPO = '/repos/{owner}/{repo}'

export type StartedCheck =
  | { readonly run: number; readonly head: string }
  | { readonly run: null; readonly head: string }

export async function startCheck(
  client: GitHubClient,
  { id: _, ...at }: Repository,
  { head, url }: { readonly head: string; readonly url: string },
): Promise<StartedCheck> {
  if (client.app === null) {
    const status = { state: 'pending', context: NAME, description: 'Building and replaying', target_url: url }
    await client.ask(`POST ${REPO}/statuses/{sha}`, { ...at, sha: head, ...status }, z.unknown())
    return { run: null, head }
  }
  const run = { name: NAME, head_sha: head, status: 'in_progress', details_url: url }
  return { run: (await client.ask(`POST ${REPO}/check-runs`, { ...at, ...run }, created)).id, head }
}

/** The digest stands in the check: what is activated has the same, or it is not what was looked at. */
export async function finishCheck(
  client: GitHubClient,
  { id: _, ...at }: Repository,
  { run, head }: StartedCheck,
  { answer, url }: { readonly answer: PullAnswer; readonly url: string },
): Promise<void> {
  const { conclusion, digest, reasons } = answer
  const title = reasons[0]?.slice(0, 120) ?? `Digest ${digest?.slice(0, 16)}…`
  if (run === null) {
    const status = { state: conclusion, context: NAME, description: title.slice(0, 130), target_url: url }
    await client.ask(`POST ${REPO}/statuses/{sha}`, { ...at, sha: head, ...status }, z.unknown())
    return
  }
  const tested =
    answer.tests == null ? [] : [`${answer.tests.passed} tests; ${testedWith(`${answer.tests.decisions}`)}`]
  const named = digest === null ? [] : [`Digest of the policy: ${digest}`]
  const summary = [...reasons, ...named, ...tested].join('\n').slice(0, 60_000)
  const finished = {
    status: 'completed',
    conclusion,
    external_id: digest ?? '',
    details_url: url,
    output: { title, summary },
  }
  await client.ask(`PATCH ${REPO}/check-runs/{check_run_id}`, { ...at, check_run_id: run, ...finished }, created)
}

/** @param known our comment as we remember it. @returns the comment that now says this */
export async function writeComment(
  client: GitHubClient,
  { id: _, ...at }: Repository,
  { number, known, body }: { readonly number: number; readonly known: string | null; readonly body: string },
): Promise<number> {
  const comment = known === null ? await ownComment(client, at, number) : Number(known)
  if (comment !== null) {
    const updated = await client.askIfAny(
      `PATCH ${REPO}/issues/comments/{comment_id}`,
      { ...at, comment_id: comment, body },
      created,
    )
    if (updated !== null) return updated.id
  }
  return (
    await client.ask(`POST ${REPO}/issues/{issue_number}/comments`, { ...at, issue_number: number, body }, created)
  ).id
}

/** Anybody can write the marker; only what we wrote is ours. */
async function ownComment(client: GitHubClient, at: Omit<Repository, 'id'>, number: number): Promise<number | null> {
  const all = await client.askAll(
    `GET ${REPO}/issues/{issue_number}/comments`,
    { ...at, issue_number: number },
    commentShape,
    COMMENTS_MAX,
  )
  const marked = all.filter(({ body }) => body?.startsWith(MARKER) === true)
  if (marked.length === 0) return null
  const us = client.app === null ? (await client.ask('GET /user', {}, created)).id : null
  const own = marked.find(({ user, performed_via_github_app: app }) =>
    client.app === null ? user?.id === us : app?.id === client.app,
  )
  return own?.id ?? null
}
