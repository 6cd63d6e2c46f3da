/**
 * Work that reads everything anew, done once for all who ask for it at about the same time. Whoever asks while a round
 * runs shares the one after it, which begins later and so sees what they have changed.
 */
export class Rounds {
  readonly #rounds = new Map<string, Round>()

  run(key: string, work: () => Promise<void>): Promise<void> {
    const running = this.#rounds.get(key)
    if (running === undefined) return this.#begin(key, work)
    running.next ??= running.done.catch(() => undefined).then(() => this.#begin(key, work))
    return running.next
  }

  #begin(key: string, work: () => Promise<void>): Promise<void> {
    const done = work().finally(() => {
      if (round.next === null) this.#rounds.delete(key)
    })
    const round: Round = { done, next: null }
    this.#rounds.set(key, round)
    return done
  }
}

interface Round {
  readonly done: Promise<void>
  next: Promise<void> | null
}
