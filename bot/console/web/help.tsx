import type { Ref } from 'preact'
import { useRef } from 'preact/hooks'
import { useKeys } from './keyboard.ts'

const KEYS: readonly (readonly [string, string])[] = [
  ['j  k', 'Next and previous in a list'],
  ['Enter', 'Open it'],
  ['a', 'Approve, after asking once more'],
  ['r', 'Reject, with a reason'],
  ['u', 'Back to the inbox'],
  ['Esc', 'Close the question'],
  ['?', 'This help'],
]

/** The keys, opened by one of them. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null)
  useKeys({ '?': () => dialog.current?.showModal() })
  return (
    <footer class="foot">
      <button type="button" class="link" onClick={() => dialog.current?.showModal()}>
        Keys <kbd>?</kbd>
      </button>
      <Keys dialog={dialog} />
    </footer>
  )
}

function Keys({ dialog }: { readonly dialog: Ref<HTMLDialogElement> }) {
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="pairs">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split('  ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  )
}
