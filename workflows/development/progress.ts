/** Tells people what is going on, on stderr, with the time since the start. */
export type Progress = (text: string) => void

export function progressTo(write: (line: string) => void, now: () => number): Progress {
  const began = now()
  return (text) => write(`${((now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}\n`)
}
