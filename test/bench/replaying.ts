import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BenchOptions, Section } from './figures.ts'
import { table } from './table.ts'

const TITLE = 'Replay: recorded decisions, no two alike, judged by two policies'
const ONCE = join(import.meta.dirname, 'replay-once.ts')

/** In a process of its own, so that its memory is told. */
export async function replaying({
  decisions,
  say,
}: Pick<BenchOptions, 'say'> & { readonly decisions: number }): Promise<Section> {
  say(`replay: ${decisions} decisions`)
  const { stdout } = await promisify(execFile)(process.execPath, [ONCE, `${decisions}`])
  const raw = JSON.parse(stdout) as { readonly inputs: number; readonly seconds: number; readonly megabytesMax: number }
  const { inputs, seconds, megabytesMax } = raw
  const row = [inputs.toLocaleString('en'), (inputs / seconds).toFixed(0), megabytesMax.toFixed(0)]
  return { title: TITLE, markdown: table(['decisions', 'a second', 'most MB resident'], [row]), raw }
}
