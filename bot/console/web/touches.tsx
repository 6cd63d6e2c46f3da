import { useState } from 'preact/hooks'
import type { HoldView } from '../schemas.ts'
import { Labels, Line } from './text.tsx'

type Facts = HoldView['facts']

const SHOWN_AT_FIRST = 12

/** What the parser and the catalog found, beside what was written: a statement may look like one thing and be another. */
export function Touches({ facts }: { readonly facts: Facts }) {
  const [all, setAll] = useState(false)
  const rest: readonly (readonly [string, readonly string[]])[] = [
    ['Functions', facts.functions],
    ['Roles', facts.roles],
    ['Settings', facts.settings],
  ]
  if (facts.relations.length === 0 && rest.every(([, names]) => names.length === 0)) return null
  const shown = all ? facts.relations : facts.relations.slice(0, SHOWN_AT_FIRST)
  return (
    <section class="hold-touches">
      <h2>What it touches</h2>
      {shown.map((relation) => (
        <Relation key={relation.name + relation.through.join()} relation={relation} columns={facts.columns} />
      ))}
      {shown.length < facts.relations.length && (
        <button type="button" class="button" onClick={() => setAll(true)}>
          Show all {facts.relations.length} tables
        </button>
      )}
      <dl class="pairs">
        {rest
          .filter(([, names]) => names.length > 0)
          .map(([title, names]) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>
                <code>
                  <Line of={names.join(', ')} />
                </code>
              </dd>
            </div>
          ))}
      </dl>
    </section>
  )
}

interface RelationProps {
  readonly relation: Facts['relations'][number]
  readonly columns: Facts['columns']
}

function Relation({ relation, columns }: RelationProps) {
  const own = columns.filter((column) => column.relation === relation.name)
  return (
    <div class="relation">
      <p class="relation-head">
        <code>
          <Line of={relation.name} />
        </code>
        <span class="soft">
          {relation.kind.replaceAll('_', ' ')}, {relation.access.join(', ')}
          {relation.through.length > 0 && ` through ${relation.through.join(' → ')}`}
        </span>
        {own.length === 0 && relation.labels.length > 0 && (
          <span>
            <span class="soft">holds </span>
            <Labels of={relation.labels} />
          </span>
        )}
      </p>
      {own.length > 0 && (
        <table class="columns">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Use</th>
              <th scope="col">Label</th>
            </tr>
          </thead>
          <tbody>
            {own.map((column) => (
              <tr key={column.name}>
                <td>
                  <code>
                    <Line of={column.name} />
                  </code>
                </td>
                <td>{column.uses.join(', ')}</td>
                <td>
                  <Labels of={column.labels} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}
