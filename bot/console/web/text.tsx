import type { ComponentChildren } from 'preact'
import { lookAlikes, visibleLine, visibleText } from '../../slack/visible-text.ts'

/** Text that somebody else wrote. Invisible and reordering characters are shown as their code points, marked as such. */
export function Line({ of }: { readonly of: string }) {
  return <bdi>{marked(visibleLine(of))}</bdi>
}

export function Statement({ of, label }: { readonly of: string; readonly label: string }) {
  const suspicious = lookAlikes(of)
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="statement" tabIndex={0} aria-label={label} dir="ltr">
        <pre>
          <code>{marked(visibleText(of))}</code>
        </pre>
      </section>
      {suspicious.length > 0 && (
        <p class="warning">
          Letters of different alphabets that look alike, in: <Line of={suspicious.join(', ')} />
        </p>
      )}
    </>
  )
}

const CODE_POINT = /(⟨U\+[0-9A-F]{4,6}⟩)/

function marked(visible: string): ComponentChildren {
  return visible.split(CODE_POINT).map((part, at) =>
    at % 2 === 1 ? (
      <mark class="hidden-character" title="A character that would not be seen">
        {part}
      </mark>
    ) : (
      part
    ),
  )
}

export function Chip({
  children,
  tone,
}: {
  readonly children: ComponentChildren
  readonly tone?: 'danger' | 'strong'
}) {
  return <span class={tone === undefined ? 'chip' : `chip chip-${tone}`}>{children}</span>
}

export function Labels({ of }: { readonly of: readonly string[] }) {
  return (
    <>
      {of.map((label) => (
        <Chip key={label} tone="strong">
          <Line of={label} />
        </Chip>
      ))}
    </>
  )
}
