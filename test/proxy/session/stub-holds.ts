import { HoldError } from '../../../workflows/holds/errors.ts'
import type { Hold, HoldOutcome, HoldRequest, Holds } from '../../../workflows/holds/hold.ts'

/** Holds in memory, answered by the test. */
export class StubHolds implements Holds {
  readonly all = new Map<string, Hold>()
  readonly outcomes = new Map<string, HoldOutcome>()
  readonly abandoned: string[] = []
  /** The asker may not break the glass. */
  noGlass = false
  /** As many are held as may be. */
  full: HoldError | null = null
  /** The state database is away. */
  unreachable = false
  #created: (() => void)[] = []
  readonly #waiting = new Map<string, { resolve: (hold: Hold) => void; reject: (error: unknown) => void }>()

  async create(request: HoldRequest): Promise<Hold> {
    if (this.full !== null) throw this.full
    if (this.unreachable) throw new Error('state database away')
    const hold: Hold = {
      ...request,
      id: `hold_${this.all.size + 1}`,
      status: 'pending',
      votes: [],
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T00:15:00.000Z',
      grantExpiresAt: null,
      decidedAt: null,
      outcome: null,
      needsReason: request.decision.answering?.reasonRequired === true && request.reason === null,
      remindedAt: null,
      escalatedAt: null,
      gathering: null,
      alikeApproval: null,
      brokenGlass: null,
      notTold: [],
      approvedThrough: null,
    }
    this.all.set(hold.id, hold)
    for (const resolve of this.#created.splice(0)) resolve()
    return hold
  }

  /** The next hold that is made, or the newest pending one. */
  async pending(): Promise<Hold> {
    for (;;) {
      const found = [...this.all.values()].findLast(({ status }) => status === 'pending')
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#created.push(resolve))
    }
  }

  settle(id: string, status: Hold['status'], reason: string | null = null): Hold {
    const hold = this.all.get(id) as Hold
    const voter = { issuer: 'https://issuer.test', subject: 'cleo', name: 'cleo', groups: ['dba'] }
    const at = '2026-01-01T00:01:00.000Z'
    const votes = status === 'rejected' ? [{ voter, choice: 'reject' as const, reason, via: 'slack' as const, at }] : []
    const settled = { ...hold, status, votes }
    this.all.set(id, settled)
    this.#waiting.get(id)?.resolve(settled)
    this.#waiting.delete(id)
    return settled
  }

  async find(id: string): Promise<Hold | null> {
    return this.all.get(id) ?? null
  }

  async list(): Promise<readonly Hold[]> {
    return [...this.all.values()]
  }

  async vote(): Promise<Hold> {
    throw new Error('not in this stub')
  }

  async withdraw(id: string): Promise<Hold> {
    return this.settle(id, 'withdrawn')
  }

  async giveReason(): Promise<Hold> {
    throw new Error('not in this stub')
  }

  async breakGlass(id: string): Promise<Hold> {
    if (this.noGlass) throw new HoldError('no_break_glass', 'Only members of sre can break the glass')
    return this.settle(id, 'approved')
  }

  async review(): Promise<Hold> {
    throw new Error('not in this stub')
  }

  async abandon(id: string): Promise<Hold> {
    this.abandoned.push(id)
    return this.settle(id, 'abandoned')
  }

  async take(id: string): Promise<boolean> {
    const hold = this.all.get(id)
    if (hold?.status !== 'approved') return false
    this.all.set(id, { ...hold, status: 'executed' })
    return true
  }

  async grantFor(_identity: unknown, digest: string): Promise<Hold | null> {
    if (this.unreachable) throw new Error('state database away')
    const usable = (hold: Hold): boolean =>
      hold.digest === digest && hold.status === 'approved' && hold.mode === 'error'
    return [...this.all.values()].find(usable) ?? null
  }

  async complete(id: string, outcome: HoldOutcome): Promise<void> {
    this.outcomes.set(id, outcome)
  }

  settled(id: string, signal: AbortSignal): Promise<Hold> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const now = this.all.get(id)
      if (now !== undefined && now.status !== 'pending') return resolve(now)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#waiting.set(id, { resolve, reject })
    })
  }
}
