import pg from 'pg'
import type { Config } from '../../config.ts'
import { mendingOf } from '../releases/mending.ts'
import { followedBranch, releaseInForce } from '../releases/store.ts'
import { type Check, ok, reason, warning, wrong } from './check.ts'

/** Which reviewed release is in force, whether the branch's last commit was refused, and whether anybody looks. */
export const releaseCheck =
  ({ releases, state }: Pick<Config, 'releases' | 'state'>, now: () => number): Check =>
  async () => {
    const subject = 'policies'
    const client = new pg.Client({ connectionString: state.url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { problem, failure, checkedAt, verified } = await followedBranch(client)
      const release = await releaseInForce(client, new Date(now()))
      if (problem !== null) {
        const why = problem.findings.map(({ check, text }) => `${check}: ${text}`).join('; ')
        const stays =
          release === null ? 'and there is no release, so nothing runs' : `${release.commit.slice(0, 12)} stays`
        return wrong(
          subject,
          `commit ${problem.commit.slice(0, 12)} is refused (${why}), ${stays}`,
          mendingOf(problem, { branch: releases.github.branch, verified }).join(' '),
        )
      }
      if (failure !== null)
        return wrong(
          subject,
          `${failure.text}, since ${failure.since}; ${release === null ? 'there is no release, so nothing runs' : `${release.commit.slice(0, 12)} stays`}`,
          failure.hint ?? 'Look at the log of the worker',
        )
      if (releases.github.repository === undefined)
        return wrong(
          subject,
          `production takes its policies from reviewed pull requests only, and no repository is named, so ${release === null ? 'nothing runs' : `${release.commit.slice(0, 12)} stays`}`,
          'Set releases.github.repository; local files are for mode: development',
        )
      if (release === null)
        return wrong(subject, 'no release is verified yet, so nothing runs', 'Start the worker, and look at its log')
      const pinned = release.pinned ? ', pinned' : ''
      const within = releases.github.approvalsOnlyWithin
      const looser = within === undefined ? '' : `; approvals are counted only for what touches ${within} or CODEOWNERS`
      const said = `${release.repository} at ${release.commit.slice(0, 12)}${pinned}; digest ${release.digest.slice(0, 16)}…${looser}`
      const age = now() - (checkedAt?.getTime() ?? 0)
      return age > 5 * releases.github.pollMs + 60_000
        ? warning(
            subject,
            `${said}; nobody has looked for ${Math.round(age / 60_000)} minutes`,
            'Start the worker, and look at its log',
          )
        : ok(subject, said)
    } catch (error) {
      return wrong(subject, reason(error), 'Check state.url')
    } finally {
      await client.end().catch(() => undefined)
    }
  }
