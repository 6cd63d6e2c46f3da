import { parentPort } from 'node:worker_threads'
import { SnapshotAssembly } from '../catalog/definitions-parts.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { Remembered } from '../gate.ts'
import { type Analysis, analyse, loadParser } from './analyse.ts'
import { type Reply, type Request, type SentAnalysis, type SentNames, SNAPSHOTS_KEPT } from './analysis-messages.ts'
import { viewSources } from './view.ts'

/**
 * The thread that reads large texts, so that the process's other sessions do not wait for it. It does what `analyse`
 * does, over a copy of the same definitions; large-texts.ts is the other side. Whatever it throws ends it, and the
 * process refuses the text.
 */
/** What is sent in one message is read by the process in one go. */
const ANALYSES_MAX = 50
const TEXT_MAX = 1 << 20

const snapshots = new Map<number, CatalogSnapshot>()
let assembly = new SnapshotAssembly()
let rest: SentAnalysis[] = []
let parts: string[] = []
/** What is read, until all that was found in it is sent. */
let whole = ''

const port = parentPort
if (port === null) throw new TypeError('this file runs as a thread')
const answers: { readonly [Kind in Request['kind']]: (request: Extract<Request, { kind: Kind }>) => Reply | null } = {
  part: ({ part }) => {
    assembly.add(part)
    return null
  },
  snapshot: ({ number, head }) => {
    snapshots.set(number, assembly.finish(head, viewSources))
    assembly = new SnapshotAssembly()
    for (const old of snapshots.keys()) if (snapshots.size > SNAPSHOTS_KEPT) snapshots.delete(old)
    return { kind: 'taken' }
  },
  text: ({ part }) => {
    parts.push(part)
    return null
  },
  analyse: ({ text, snapshot, names }) => {
    if (text !== null) whole = parts.length === 0 ? text : [...parts, text].join('')
    parts = []
    return analysed(whole, snapshots.get(snapshot) as CatalogSnapshot, names)
  },
  more: () => nextOf(),
}

await loadParser()
port.on('message', (request: Request) => {
  const reply = answers[request.kind](request as never)
  if (reply !== null) port.postMessage(reply)
})

function analysed(text: string, snapshot: CatalogSnapshot, names: SentNames): Reply {
  const { searchPath, role, temporaryRelations, temporaries, uncommitted } = names
  const [prepared, cursors] = [new Set<string>(), new Set<string>()]
  const asking = (known: ReadonlyMap<string, Remembered | undefined>, needs: Set<string>) => (name: string) => {
    if (!known.has(name)) needs.add(name)
    return known.get(name)
  }
  const analyses = analyse(text, {
    snapshot,
    searchPath,
    role,
    temporaryRelations,
    temporaries,
    uncommitted,
    preparedStatement: asking(names.prepared, prepared),
    cursor: asking(names.cursors, cursors),
  })
  if (prepared.size + cursors.size > 0) return { kind: 'needs', prepared: [...prepared], cursors: [...cursors] }
  rest = analyses.map((analysis) => sent(analysis, text)).reverse()
  return nextOf()
}

function sent(analysis: Analysis, whole: string): SentAnalysis {
  const { text, redactedText } = analysis
  return { ...analysis, text: text === whole ? null : text, redactedText: redactedText === text ? null : redactedText }
}

function nextOf(): Reply {
  const some: SentAnalysis[] = []
  let characters = 0
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    some.push(next)
    characters += (next.text?.length ?? 0) + (next.redactedText?.length ?? 0)
    if (some.length >= ANALYSES_MAX || characters >= TEXT_MAX) break
  }
  const last = rest.length === 0
  if (last) whole = ''
  return { kind: 'analyses', some, last }
}
