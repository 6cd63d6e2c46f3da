import type { FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { Config } from '../../config.ts'
import type { Routes } from '../../http-schemas.ts'
import { createPins } from '../../workflows/releases/pins.ts'
import { followedBranch, listReleases, releaseInForce } from '../../workflows/releases/store.ts'
import { usesReleases } from '../../workflows/releases/uses-releases.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'
import { ConsoleError } from './errors.ts'
import type { HoldRoutesOptions } from './hold-routes.ts'
import type { Viewer } from './viewer.ts'

/** Which policies are in force and why, and pinning an earlier release: the one change that needs no pull request. */
export interface ReleaseRoutesOptions extends Pick<HoldRoutesOptions, 'viewerOf'> {
  readonly config: Pick<Config, 'mode' | 'releases'>
  readonly pool: Pool
  readonly now: () => number
}

const pull = z.looseObject({ number: z.int(), title: z.string(), author: z.string(), reviewers: z.array(z.string()) })
const release = z.object({
  commit: z.string(),
  repository: z.string(),
  digest: z.string(),
  pulls: z.array(pull),
  changes: z.array(z.string()),
  verifiedAt: z.string(),
})
const pin = z.object({
  id: z.string(),
  release: z.string(),
  reason: z.string(),
  pinnedMs: z.number(),
  requestedBy: z.string(),
  expiresAt: z.string(),
  confirmedBy: z.string().nullable(),
})
export const releasesView = z.object({
  reviewed: z.boolean().describe('false: local files, which nobody reviewed'),
  inForce: z.string().nullable().describe('A commit'),
  pinnedUntil: z.string().nullable(),
  problem: z
    .object({
      commit: z.string(),
      since: z.string(),
      findings: z.array(z.looseObject({ check: z.string(), text: z.string() })),
    })
    .nullable()
    .describe('Why the branch’s last commit is not in force'),
  releases: z.array(release),
  pins: z.array(pin).describe('Asked for and not yet confirmed'),
})
const pinBody = z.strictObject({ release: z.string(), reason: z.string().min(1).max(1_000), minutes: z.int().min(1) })
const LISTED_MAX = 50

export function releaseRoutes({ config, pool, now, viewerOf }: ReleaseRoutesOptions): Routes {
  const { administrators, pinMsMax } = config.releases.github
  const pins = createPins({ pool, administrators, pinMsMax, now })
  /** An agent or a service is no administrator, whatever groups it has. */
  const person = ({ kind, person: who }: Viewer): Viewer['person'] => {
    if (kind !== 'human') throw new ConsoleError('people_only', 'Only people can pin a release.')
    return who
  }
  const view = async (): Promise<z.infer<typeof releasesView>> => {
    const { problem, pinnedUntil } = await followedBranch(pool)
    const inForce = await releaseInForce(pool, new Date(now()))
    return {
      reviewed: usesReleases(config),
      inForce: inForce?.commit ?? null,
      pinnedUntil: inForce?.pinned === true ? (pinnedUntil?.toISOString() ?? null) : null,
      problem: problem === null ? null : { ...problem, findings: problem.findings.map((one) => ({ ...one })) },
      releases: (await listReleases(pool, LISTED_MAX)).map((one) => ({
        ...one,
        changes: [...one.changes],
        pulls: one.pulls.map((of) => ({ ...of, reviewers: [...of.reviewers] })),
      })),
      pins: [...(await pins.open())],
    }
  }
  const answers = { schema: { response: { 200: releasesView } } }

  return async (fastify) => {
    fastify.get('/api/releases', answers, view)

    fastify.get(
      '/api/releases/pulls/:number',
      { schema: { params: z.object({ number: z.coerce.number().int().min(1) }) } },
      async (request: FastifyRequest<{ Params: { number: number } }>) => {
        const [row] = await rowsOf<{ answer: object }>(pool, 'SELECT answer FROM pull_answer WHERE number = $1', [
          request.params.number,
        ])
        if (row === undefined) throw new ConsoleError('not_found', 'That pull request has not been answered.')
        return row.answer
      },
    )

    fastify.post(
      '/api/releases/pins',
      { schema: { body: pinBody, response: { 200: releasesView } } },
      async (request) => {
        const { release: commit, reason, minutes } = request.body
        await pins.request(person(viewerOf(request)), { release: commit, reason, ms: minutes * 60_000 })
        return view()
      },
    )

    const one = { schema: { params: z.object({ id: z.string() }), response: { 200: releasesView } } }
    fastify.post('/api/releases/pins/:id/confirm', one, async (request) => {
      await pins.confirm(request.params.id, person(viewerOf(request)))
      return view()
    })

    fastify.post('/api/releases/unpin', answers, async (request) => {
      await pins.end(person(viewerOf(request)))
      return view()
    })
  }
}
