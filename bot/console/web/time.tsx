import { useEffect, useState } from 'preact/hooks'
import { duration } from './duration.ts'

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
  return (
    <time dateTime={at} title={exactly(at)}>
      {new Date(at).toLocaleString('en-GB', SHOWN)}
    </time>
  )
}

/** In the zone of who reads, which is named. */
const SHOWN: Intl.DateTimeFormatOptions = {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
}

/** The same moment for everybody, to the second. */
const exactly = (at: string): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** The day alone. */
export function On({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={exactly(at)}>
      {new Date(at).toLocaleDateString('en-GB', { dateStyle: 'medium' })}
    </time>
  )
}
