import { useEffect, useRef, useState } from 'preact/hooks'
import { type Live, useLive } from './live.ts'

/** A list that grows a page at a time as somebody reads on, and is kept current as far as it is shown. */
export function usePages<T>(
  key: string,
  ask: (pages: number) => Promise<T>,
): [Live<T>, refresh: () => void, showMore: () => void] {
  const [shown, setShown] = useState({ key, pages: 1 })
  const pages = shown.key === key ? shown.pages : 1
  const [live, refresh] = useLive(
    key,
    () => ask(pages),
    () => true,
  )
  useEffect(() => {
    if (pages > 1) refresh()
  }, [pages])
  return [live, refresh, () => setShown({ key, pages: pages + 1 })]
}

/** Stands where the list ends for now: it goes on when that comes into view, or at a click. */
export function More({ shown, show }: { readonly shown: number; readonly show: () => void }) {
  const end = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (end.current === null) return
    const seen = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && show())
    seen.observe(end.current)
    return () => seen.disconnect()
  }, [shown])
  return (
    <button ref={end} class="button" type="button" onClick={show}>
      Show more
    </button>
  )
}
