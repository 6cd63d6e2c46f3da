import type { FastifyRequest } from 'fastify'
import type { Routes } from '../../http-schemas.ts'
import type { Identity } from '../../policies/input.ts'
import { recordLook } from '../../workflows/holds/example-looks.ts'
import { type KeptExamples, openExamples, type ReadColumn, type ShownExamples } from '../../workflows/holds/examples.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { lazySeal } from '../../workflows/results/seal.ts'
import { type ExamplesView, examplesView } from './consequences-schema.ts'
import { ConsoleError } from './errors.ts'
import type { ConsoleParts } from './parts.ts'
import { mayReadExamples, maySee } from './rights.ts'
import { holdPath } from './schemas.ts'
import type { ProvenViewer, Viewer } from './viewer.ts'

export interface ExampleRoutesOptions
  extends Pick<ConsoleParts, 'config' | 'holds' | 'pool' | 'directory' | 'examplesFor'> {
  readonly viewerOf: (request: FastifyRequest) => ProvenViewer
}

/**
 * Rows of data, for those who are asked: opened, judged for whoever looks each time, and on record before they are shown
 * (example-looks.ts).
 */
export function exampleRoutes(options: ExampleRoutesOptions): Routes {
  const { config, holds, pool, viewerOf } = options
  const seal = lazySeal(config)

  const keptFor = async (hold: Hold, viewer: Viewer): Promise<KeptExamples> => {
    const at = viewer.at
    const kept = mayReadExamples(hold, viewer) ? await openExamples(pool, hold.id, { seal: seal(), at }) : null
    if (kept === null) throw new ConsoleError('not_found', 'There are no example rows of it, or none for you.')
    return kept
  }

  return async (fastify) => {
    fastify.get(
      '/api/holds/:id/examples',
      { schema: { params: holdPath, response: { 200: examplesView } } },
      async (request): Promise<ExamplesView> => {
        const viewer = viewerOf(request)
        const hold = await holds.find(request.params.id)
        if (hold === null || !maySee(hold, viewer)) throw new ConsoleError('not_found', 'There is no such hold.')
        const kept = await keptFor(hold, viewer)
        const identity = await asOfNow(viewer.identity, options)
        const shown = await options.examplesFor?.({ identity, target: hold.target, examples: kept })
        if (shown === undefined) throw new ConsoleError('not_found', 'Example rows are not shown by this console.')
        const event = { hold: hold.id, by: identity, via: viewer.via, rows: kept.rows.length, ...namesOf(kept, shown) }
        await recordLook(pool, event, viewer.at)
        const { columns, rows, whyHidden } = shown
        return structuredClone({ columns, rows, whyHidden }) as ExamplesView
      },
    )
  }
}

/** With the groups that the directory has at this moment. */
async function asOfNow(identity: Identity, { directory }: ExampleRoutesOptions): Promise<Identity> {
  const known = await directory.person(identity.issuer, identity.subject)
  const { actsFor } = identity
  const person = actsFor === null ? null : await directory.person(actsFor.issuer, actsFor.subject)
  if (known?.active === false || person?.active === false || (identity.kind === 'human' && known === null))
    throw new ConsoleError('not_found', 'Example rows are not shown to an account that is not active here.')
  return {
    ...identity,
    groups: identity.kind === 'human' && known !== null ? [...known.groups] : identity.groups,
    actsFor: actsFor === null || person === null ? actsFor : { ...actsFor, groups: [...person.groups] },
  }
}

/** Which columns somebody saw, whether a cell of theirs or something made of it. */
function namesOf({ reads }: KeptExamples, { seeing, policy }: ShownExamples) {
  const those = (how: (typeof seeing)[number]): readonly string[] =>
    reads.filter((_, at) => seeing[at] === how).map(nameOf)
  return { clear: those('clear'), masked: those('masked'), hidden: those('hidden'), policy }
}

function nameOf({ schema, relation, column }: ReadColumn): string {
  return `${schema}.${relation}.${column}`
}
