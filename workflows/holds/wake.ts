/**
 * How a process hears that a hold has moved. A wake-up is a hint: whoever hears it reads the row, and whoever hears
 * nothing reads it anyway after a while.
 */
export interface Wake {
  /** Whether a wake-up that is said now would be heard, as far as is known. */
  readonly listens: boolean
  /** @param onWake gets the id of a hold, or null when some may have been missed and all should be looked at */
  listen(onWake: (hold: string | null) => void): void
  /** Said after the change is committed. */
  publish(hold: string): Promise<void>
  close(): Promise<void>
}
