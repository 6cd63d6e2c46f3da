import type { FastifyRequest } from 'fastify'
import type { Routes } from '../../http-schemas.ts'
import { pendingAlike, waitingAlike } from '../../workflows/holds/alike.ts'
import { backgroundOf } from '../../workflows/holds/background.ts'
import { commentsOf } from '../../workflows/holds/comments.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { visibleHolds } from '../../workflows/holds/visible-holds.ts'
import { ruleSourceOf } from '../../workflows/releases/rule-source.ts'
import { alikeView } from './alike-schema.ts'
import { alikeViewOf, whyNotAlike } from './alike-view.ts'
import { ConsoleError } from './errors.ts'
import { holdSummaryOf, holdViewOf } from './hold-view.ts'
import { holdsPage } from './page-schema.ts'
import type { ConsoleParts } from './parts.ts'
import { isBehind, mayReadLiterals, mayReview, maySee, SECURITY_GROUP, whyNotApprove, whyNotVote } from './rights.ts'
import { type HoldView, holdPath, holdsQuery, holdView, reasonBody, reviewBody, voteBody } from './schemas.ts'
import type { Viewer } from './viewer.ts'

export interface HoldRoutesOptions {
  readonly holds: ConsoleParts['holds']
  readonly pool: ConsoleParts['pool']
  /** Who asks, established before anything of the request is looked at. */
  readonly viewerOf: (request: FastifyRequest) => Viewer
}

/** By the same rules as a vote itself: what is to be answered or reviewed by this person, at this moment. */
const THEIRS = {
  to_answer: (viewer: Viewer) => (hold: Hold) => whyNotVote(hold, viewer) === null,
  to_review: (viewer: Viewer) => (hold: Hold) => mayReview(hold, viewer),
} as const

export function holdRoutes({ holds, pool, viewerOf }: HoldRoutesOptions): Routes {
  /** What someone may not see does not exist for them. */
  const visible = async (id: string, viewer: Viewer): Promise<Hold> => {
    const hold = await holds.find(id)
    if (hold === null || !maySee(hold, viewer)) throw new ConsoleError('not_found', 'There is no such hold.')
    return hold
  }

  const whole = async (hold: Hold, viewer: Viewer): Promise<HoldView> => {
    const [background, source, comments] = await Promise.all([
      backgroundOf(pool, hold),
      ruleSourceOf(pool, hold.policyDigest),
      commentsOf(pool, hold.id),
    ])
    return holdViewOf(hold, viewer, { background, source, comments })
  }

  return async (fastify) => {
    fastify.get(
      '/api/holds',
      { schema: { querystring: holdsQuery, response: { 200: holdsPage } } },
      async (request) => {
        const viewer = viewerOf(request)
        const { status, which, limit, after = null } = request.query
        const { person } = viewer
        const only = which === 'all' || which === 'asked' ? null : THEIRS[which](viewer)
        const filter = {
          person,
          which,
          limit,
          after,
          only,
          everything: person.groups.includes(SECURITY_GROUP),
          owned: viewer.owned,
        }
        const shown = await visibleHolds(pool, status === undefined ? filter : { ...filter, status })
        return { holds: shown.holds.map((hold) => holdSummaryOf(hold, viewer)), next: shown.next }
      },
    )

    fastify.get('/api/holds/:id', { schema: { params: holdPath, response: { 200: holdView } } }, async (request) => {
      const viewer = viewerOf(request)
      return whole(await visible(request.params.id, viewer), viewer)
    })

    fastify.get(
      '/api/holds/:id/alike',
      { schema: { params: holdPath, response: { 200: alikeView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        return alikeViewOf(hold, await pendingAlike(pool, hold, viewer.at), viewer)
      },
    )

    fastify.post(
      '/api/holds/:id/votes',
      { schema: { params: holdPath, body: voteBody, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        if (viewer.kind !== 'human')
          throw new ConsoleError('people_only', 'Only people can answer; agents and services cannot.')
        const { choice } = request.body
        const reason = request.body.reason || null
        if (choice === 'reject' && reason === null)
          throw new ConsoleError('reason_required', 'Say why, so that the person who asked knows what to do.')
        // Who may not vote at all is told so, and put on record, by the hold.
        if (choice === 'approve' && whyNotVote(hold, viewer) === null && !mayReadLiterals(hold, viewer))
          throw new ConsoleError('not_shown_whole', whyNotApprove(hold, viewer) ?? 'You have not been shown all of it.')
        const alike = request.body.alike === true
        const all = alike && choice === 'approve' ? await waitingAlike(pool, hold, viewer.at) : []
        const whyNot = whyNotAlike(all, viewer)
        if (whyNot !== null) throw new ConsoleError('not_shown_whole', whyNot)
        return whole(await holds.vote(hold.id, viewer.person, { choice, reason, via: viewer.via, alike }), viewer)
      },
    )

    fastify.post(
      '/api/holds/:id/withdraw',
      { schema: { params: holdPath, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        if (!isBehind(hold, viewer))
          throw new ConsoleError('not_the_asker', 'Only who asked can withdraw; you can reject it.')
        return whole(await holds.withdraw(hold.id, viewer.person), viewer)
      },
    )

    fastify.post(
      '/api/holds/:id/reason',
      { schema: { params: holdPath, body: reasonBody, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        return whole(await holds.giveReason(hold.id, viewer.person, request.body.reason), viewer)
      },
    )

    fastify.post(
      '/api/holds/:id/break-glass',
      { schema: { params: holdPath, body: reasonBody, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        if (viewer.kind !== 'human') throw new ConsoleError('people_only', 'Only people can break the glass.')
        const said = { reason: request.body.reason, via: viewer.via }
        return whole(await holds.breakGlass(hold.id, viewer.person, said), viewer)
      },
    )

    fastify.post(
      '/api/holds/:id/undo-alike',
      { schema: { params: holdPath, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        if (viewer.kind !== 'human') throw new ConsoleError('people_only', 'Only people can undo an approval.')
        return whole(await holds.undoAlike(hold.id, viewer.person, viewer.via), viewer)
      },
    )

    fastify.post(
      '/api/holds/:id/review',
      { schema: { params: holdPath, body: reviewBody, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        const { verdict, reason } = request.body
        return whole(
          await holds.review(hold.id, viewer.person, { verdict, reason: reason || null, via: viewer.via }),
          viewer,
        )
      },
    )
  }
}
