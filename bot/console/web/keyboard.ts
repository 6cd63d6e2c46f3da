import { useEffect, useRef } from 'preact/hooks'

export type Keys = Readonly<Record<string, () => unknown>>

/** Single keys, never while someone types or holds a modifier, so that they take nothing from browser or screen reader. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys)
  latest.current = keys
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
      const act = latest.current[event.key]
      if (act === undefined) return
      event.preventDefault()
      act()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, dialog') !== null
}

/** Moves the focus through the rows of a list; with none focused, to the first or last. */
export function moveFocus(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step
  rows[next]?.focus()
}

/** The hold whose row has the focus, or the first one. */
export function focusedRow(): string | null {
  const row = document.activeElement?.closest('[data-row]') ?? document.querySelector('[data-row]')
  return row?.getAttribute('data-row') ?? null
}
