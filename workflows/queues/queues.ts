import type { Wake } from '../holds/wake.ts'

/** The BullMQ queues. A job carries an id and nothing else; what it means is in the row. */
export type QueueName = 'holds' | 'notices' | 'runs'

export interface Queues {
  readonly backend: 'postgres' | 'redis'
  /** Wakes other processes beside the state database's NOTIFY, when there is a Redis to do it. */
  readonly wake: Wake | null
  /** A job for each time of a hold's that comes. A job that is there already is left alone. */
  scheduleExpiry(holds: readonly Deadline[]): Promise<void>
  cancelExpiry(jobs: readonly Pick<Deadline, 'hold' | 'of'>[]): Promise<void>
  /** A job per outbox row, now or later. */
  announce(notices: readonly Announcement[]): Promise<void>
  /** A job per deferred statement that is approved; the proxies run them. One that is there already is left alone. */
  startRuns(holds: readonly string[]): Promise<void>
  work(name: QueueName, options: WorkOptions): QueueWorker
  /** Resolves when jobs can be added; rejects when the backend cannot be reached. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface Deadline {
  readonly hold: string
  /** A hold expires once while it waits and once more as a grant; meanwhile people are reminded, and others asked. */
  readonly of: 'hold' | 'grant' | 'reminder' | 'escalation' | 'review'
  readonly inMs: number
}

export interface Announcement {
  readonly notice: string
  /** 0: now, and only once while that job is there. */
  readonly inMs: number
}

export interface WorkOptions {
  readonly concurrency: number
  /** @param id of the hold or of the outbox row */
  readonly run: (id: string) => Promise<void>
}

export interface QueueWorker {
  ready(): Promise<void>
  close(): Promise<void>
}
