import type { ComponentChildren } from 'preact'
import { visibleLine } from '../../text/visible-text.ts'

/** Text that somebody else wrote. Invisible and reordering characters are shown as their code points, marked as such. */
export function Line({ of }: { readonly of: string }) {
  return <bdi>{marked(visibleLine(of))}</bdi>
}

const CODE_POINT = /(⟨U\+[0-9A-F]{4,6}⟩)/

/** Beyond this, the code points are shown without their marking: each of those is an element of the page. */
const MARKED_MAX = 2_000

export function marked(visible: string): ComponentChildren {
  const parts = visible.split(CODE_POINT)
  if (parts.length > MARKED_MAX) return visible
  return parts.map((part, at) =>
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
