import type { TargetConfig } from '../../config.ts'
import type { Policy } from '../../policies/evaluate.ts'
import { createGate } from '../../proxy/gate.ts'
import { examplesFor } from '../../proxy/own-readings.ts'
import type { ExamplesAsked, ShownExamples } from '../../workflows/holds/examples.ts'
import type { GateStand } from '../proxy/gate-stand.ts'

/** What the command line gives the console, over a shop whose policy a test may swap. */
export interface RightsOfReaders {
  readonly examplesFor: (asked: ExamplesAsked) => Promise<ShownExamples>
  judgeBy(policy: Policy): void
}

/** The shop as `askedFor` names it. */
const target: TargetConfig = {
  name: 'prod/shop',
  environment: 'production',
  host: '127.0.0.1',
  port: 5432,
  database: 'shop',
  user: 'shop',
  password: '',
  tls: 'disable',
}

export function rightsOfReaders({ catalog, policy: first }: GateStand): RightsOfReaders {
  let policy = first
  const gate = createGate({ catalogs: new Map([[target.name, catalog]]), policy: () => policy })
  const sources = { targets: [target], gate, catalogOf: async () => catalog, log: { warn: () => undefined } }
  return {
    examplesFor: (asked) => examplesFor(asked, sources),
    judgeBy: (next) => {
      policy = next
    },
  }
}
