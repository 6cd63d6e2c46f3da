import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Facts } from '../../policies/input.ts'

const CANCELLED = '57014'

/** Planted in a file that the server may read, and nowhere else. */
export const PLANTED = 'zqkvxj-in-a-file'

/** What a statement did that taking its transaction back does not undo, or that others than its rows can tell. */
export type Reach =
  | 'wrote a file'
  | 'gave back a file'
  | 'told others'
  | 'ended a session'
  | 'changed a setting'
  | 'moved a sequence'
  | 'touched large objects'
  | 'took an advisory lock'
  | 'wrote rows elsewhere'

/** What the facts have to say of each. */
const saidOf: Readonly<Record<Reach, (facts: Facts) => boolean>> = {
  'wrote a file': ({ external }) => external.some(({ kind }) => kind === 'file' || kind === 'program'),
  'gave back a file': ({ external, effects }) =>
    external.some(({ kind }) => kind === 'file' || kind === 'program') || effects.includes('unknown'),
  'told others': isMoreThanRead,
  'ended a session': isMoreThanRead,
  'changed a setting': ({ effects }) => effects.includes('session') || effects.includes('unknown'),
  'moved a sequence': ({ effects }) => effects.includes('write') || effects.includes('unknown'),
  'touched large objects': isMoreThanRead,
  'took an advisory lock': ({ locks, effects }) =>
    locks.some(({ on }) => on === 'advisory') || effects.includes('unknown'),
  'wrote rows elsewhere': ({ external, effects, relations }) =>
    external.some(({ kind }) => kind === 'network') ||
    effects.includes('unknown') ||
    relations.some(({ name, access }) => name === 'elsewhere' && access.includes('insert')),
}

function isMoreThanRead({ effects }: Facts): boolean {
  return effects.some((effect) => effect !== 'read' && effect !== 'transaction')
}

/** @returns what it did and the facts do not say */
export function unsaid(facts: Facts, reached: ReadonlySet<Reach>): readonly Reach[] {
  return [...reached].filter((one) => !saidOf[one](facts))
}

/** Looks at a throw-away server from outside of the session that does something. */
export class OutsideWitnesses implements AsyncDisposable {
  readonly folder: string
  readonly doing: pg.Client
  readonly #watching: pg.Client
  /** That may be ended. */
  #victim: pg.Client
  #isVictimThere = true
  readonly #url: string
  #heard = 0

  private constructor(url: string, folder: string) {
    this.#url = url
    this.folder = folder
    this.doing = new pg.Client(url)
    this.#watching = new pg.Client(url)
    this.#victim = new pg.Client(url)
  }

  /** @param parent a folder that the server may write to */
  static async open(url: string, parent: string): Promise<OutsideWitnesses> {
    const all = new OutsideWitnesses(url, mkdtempSync(join(parent, 'outside-')))
    await all.doing.connect()
    await all.#watching.connect()
    all.#watching.on('notification', () => all.#heard++)
    await all.#watching.query('LISTEN heard')
    await all.#newVictim()
    return all
  }

  async #newVictim(): Promise<void> {
    this.#victim = new pg.Client(this.#url)
    this.#isVictimThere = true
    this.#victim.on('error', () => undefined)
    await this.#victim.connect()
  }

  get #pid(): number {
    return (this.#victim as unknown as { processID: number }).processID
  }

  /** Runs it for good. `:folder` stands for a folder, `:pid` for a session that may be ended. */
  async reachOf(template: string): Promise<ReadonlySet<Reach>> {
    const sql = template.replaceAll(':folder', this.folder).replaceAll(':pid', String(this.#pid))
    if (!existsSync(join(this.folder, 'planted'))) writeFileSync(join(this.folder, 'planted'), PLANTED)
    const before = await this.#state()
    const { rows } = await this.doing.query(sql)
    const after = await this.#state()
    const reached = new Set<Reach>()
    const given: unknown[] = (rows ?? []).flatMap((row: object) => Object.values(row))
    if (given.some((value) => String(value).includes(PLANTED))) reached.add('gave back a file')
    for (const key of Object.keys(before) as (Reach & keyof typeof before)[])
      if (before[key] !== after[key]) reached.add(key)
    await this.#tidy()
    return reached
  }

  async #state(): Promise<Partial<Record<Reach, string>>> {
    const { rows: here } = await this.doing.query(`
      SELECT (SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_settings WHERE name !~ '^(transaction_|in_hot)') AS settings,
             (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS advisory`)
    // The watching session hears what was told by the time it is answered.
    const { rows: there } = await this.#watching.query(`
      SELECT (SELECT string_agg(concat_ws(' ', sequencename, last_value), ',' ORDER BY sequencename) FROM pg_sequences) AS sequences,
             (SELECT string_agg(md5(oid || coalesce((SELECT string_agg(data::text, '') FROM pg_largeobject WHERE loid = m.oid), '')), ',')
                FROM pg_largeobject_metadata m) AS objects,
             (SELECT string_agg(note, ',') FROM elsewhere) AS elsewhere`)
    // One that was told to end does so before it answers.
    await this.#victim
      .query('SELECT')
      .catch((error: { code?: string }) => (this.#isVictimThere &&= error.code === CANCELLED))
    return {
      'wrote a file': readdirSync(this.folder)
        .map((name) => `${name} ${statSync(join(this.folder, name)).size}`)
        .sort()
        .join(),
      'told others': String(this.#heard),
      'ended a session': String(this.#isVictimThere),
      'changed a setting': here[0].settings,
      'took an advisory lock': here[0].advisory,
      'moved a sequence': there[0].sequences,
      'touched large objects': there[0].objects,
      'wrote rows elsewhere': there[0].elsewhere,
    }
  }

  async #tidy(): Promise<void> {
    await this.doing.query('DISCARD ALL')
    await this.#watching.query('TRUNCATE elsewhere')
    for (const name of readdirSync(this.folder)) if (name !== 'planted') rmSync(join(this.folder, name))
    if (!this.#isVictimThere) await this.#newVictim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.doing.end(), this.#watching.end(), this.#victim.end().catch(() => undefined)])
    rmSync(this.folder, { recursive: true, force: true })
  }
}
