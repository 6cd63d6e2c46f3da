import { useEffect, useState } from 'preact/hooks'

/** One clock for all times on the page. */
function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

export function TimeLeft({ until }: { readonly until: string }) {
  const left = Date.parse(until) - useNow(1_000)
  return (
    <time dateTime={until} title={exactly(until)} class={left < 60_000 ? 'time-short' : undefined}>
      {left <= 0 ? 'time is up' : `${duration(left)} left`}
    </time>
  )
}

export function Ago({ at }: { readonly at: string }) {
  const past = useNow(10_000) - Date.parse(at)
  return (
    <time dateTime={at} title={exactly(at)}>
      {past < 5_000 ? 'just now' : `${duration(past)} ago`}
    </time>
  )
}

export function At({ at }: { readonly at: string }) {
  return <time dateTime={at}>{exactly(at)}</time>
}

const exactly = (at: string): string => new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' })

/** The two largest units at most: 42 s, 3 min 20 s, 12 min, 2 h 5 min, 3 d. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 5) return `${minutes} min ${seconds % 60} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`
}
