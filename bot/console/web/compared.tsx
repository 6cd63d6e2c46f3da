import { visibleText } from '../../text/visible-text.ts'
import type { HoldView } from '../schemas.ts'
import { marked } from './text.tsx'
import { Ago } from './time.tsx'

type SameShape = NonNullable<HoldView['sameShape']>

const WORDS = { added: 'now', removed: 'then' } as const

/** The statement beside the last one like it that somebody approved: what differs is what has to be judged. */
export function Compared({ to }: { readonly to: SameShape }) {
  const same = to.parts.every(({ kind }) => kind === 'same')
  return (
    <section class="hold-compared">
      <h2>Compared with the last one like it</h2>
      <p class="soft">
        <a href={`/holds/${to.id}`}>Approved</a> <Ago at={to.createdAt} />.{' '}
        {same ? 'This is the same to the letter.' : 'Crossed out is what it was then, underlined what it is now.'}
      </p>
      {!same && (
        <div class="statement" dir="ltr">
          <pre>
            <code>
              {to.parts.map(({ kind, text }, at) => (
                <Part key={at} kind={kind} text={text} />
              ))}
            </code>
          </pre>
        </div>
      )}
    </section>
  )
}

function Part({ kind, text }: SameShape['parts'][number]) {
  const shown = marked(visibleText(text))
  if (kind === 'same') return <span>{shown}</span>
  return kind === 'added' ? <ins title={WORDS.added}>{shown}</ins> : <del title={WORDS.removed}>{shown}</del>
}
