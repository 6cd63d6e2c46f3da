/** What a reviewer needs to see, and what each kind of statement has to say. Read by reviewers-see.test.ts. */

/** The hold that has all of it. */
export const FULL = 'DELETE FROM orders WHERE id <= $1 OR $2::text IS NULL OR 1 = 1 RETURNING id, contact_email'

export const SURFACES = ['Slack', 'mail', 'console', 'command line', 'API'] as const
export type Surface = (typeof SURFACES)[number]

/** What an item must say there; `never`: what must not stand there. */
export type Said = { readonly shows: string } | { readonly never: string }
export type Item = Readonly<Record<'item' | 'what', string>> & Readonly<Record<Surface, Said>>

/**
 * Item by item and door by door. An equals sign: as in the column before. Nothing of the list is left out, and a
 * row without all of its columns is no row.
 */
const TABLE = `
item                             | Slack | mail | console | command line | API
who asks                         | report-bot | = | = | = | =
for whom                         | acting for ana | = | agent for ana | report-bot for ana | "actsFor":{"name":"ana"
that it is an agent              | an agent | = | agent for | report-bot for ana | "kind":"agent"
since when they have access      | ana: known since {TODAY} | = | Known here since | Since     ana: 2 | "actsFor":{"since":"2
since when in which group        | in engineers since {TODAY} | = | In engineers since | engineers since 2 | "name":"engineers","since":"2
that the asker is not known here | its token vouches for it | = | = | = | "known":{"asker":null
from where                       | 10.20.30.40:51234 | = | = | = | =
with which client                | psycopg 3.2 | = | = | = | =
that the client only says so     | says it is psycopg | = | so it says | = | "application":"psycopg 3.2"
the target                       | prod/shop | = | = | = | =
the environment                  | production | = | = | = | =
the database                     | database shop | = | shop (production) | = | "database":"shop"
why they ask                     | ticket 812 | = | = | = | =
the whole statement              | {FULL} | = | = | = | =
its bound parameters             | $1 = '20' | = | $120 | $1 = 20 | "parameters":["20"
that one of them is NULL         | $2 = NULL | = | $2NULL | $2 = NULL | "20",null]
the tables                       | public.orders | = | = | = | =
what is done to them             | public.orders (delete; holds email) | = | table, delete | public.orders (delete, holds email) | "access":["delete"]
tables that triggers write       | public.order_log | = | = | = | =
the columns                      | orders.contact_email | = | contact_email | public.orders.contact_email | "name":"contact_email"
their labels                     | (returned; labelled email) | = | returnedemail | (returned, labelled email) | "uses":["returned"],"labels":["email"]
rows out of how many             | 200 of 200 | = | 200 of 200 rows | = | "rows":200,"ofRows":200
that they are counted            | 200 of 200, counted | = | counted just before asking | = | "kind":"counted","rows":200
that every row is meant          | always true: every row | = | every row of the table is meant | = | always_true_where
examples of rows before and after | never from the shop | = | Rows it would delete | then    (gone) | "after":null
rows of data only where they may | never from the shop | = | from the shop | note=from the shop | "from the shop"
protected values for who may see them | never canary | = | canary1@x.org | contact_email=canary1@x.org | "canary1@x.org"
that looking at them is on record | never on record | = | That you saw them is on record | never on record | "seen":"clear"
locks it would take              | ROW EXCLUSIVE on public.orders | = | = | public.orders: ROW EXCLUSIVE | {"table":"public.orders","mode":"ROW EXCLUSIVE"}
for whom locks are in the way    | locks the rows it changes | = | = | rows it changes are locked | "mode":"ROW EXCLUSIVE"
locks that are kept meanwhile    | RowExclusiveLock on public.customers | = | RowExclusiveLock, by the transaction that waits | public.customers by the transaction that waits | {"on":"public.customers","mode":"RowExclusiveLock"}
cascades of foreign keys         | delete 600 rows of public.order_items | = | Deletes 600 rows of public.order_items | = | "from":"public.orders","rows":600
triggers                         | orders_history (runs public.keep_history) | = | Runs public.keep_history() after each DELETE | = | "name":"orders_history"
whether it can be undone         | come back only from a backup | = | = | = | "how":"impossible"
the rule                         | Changing every row of a production table is held | = | = | = | =
its reason                       | its WHERE is always true | = | = | = | =
a link to its line at its commit | {LINK} | = | = | = | =
what it was held for lately      | DROP TABLE on prod/shop | = | = | = | "tag":"DROP TABLE","target":"prod/shop"
how that was answered            | 1 rejected | = | = | = | "latelyCounts":{"rejected":1}
who must approve                 | 1 of dba | = | 0 of 1 | Approved  by 0 of 1 from dba | "group":"dba","count":1
until when                       | {UNTIL} | = | {EXPIRES} | = | =`

export function itemsWith(values: Readonly<Record<string, string>>): readonly Item[] {
  return rowsOf(TABLE)
    .slice(1)
    .map(([item = '', ...cells]) => {
      const texts: string[] = []
      for (const cell of cells) texts.push(cell === '=' ? (texts.at(-1) ?? '') : cell)
      if (texts.length !== SURFACES.length) throw new TypeError(`${item} does not say all of ${SURFACES.join(', ')}`)
      const filled = texts.map((text) => text.replaceAll(/\{([A-Z]+)\}/g, (_, name: string) => values[name] ?? name))
      const said = SURFACES.map((surface, at): [Surface, Said] => [surface, saidBy(filled[at] ?? '')])
      return { item, ...(Object.fromEntries(said) as Record<Surface, Said>) } as Item
    })
}

function saidBy(text: string): Said {
  return text.startsWith('never ') ? { never: text.slice(6) } : { shows: text }
}

function rowsOf(table: string): readonly (readonly string[])[] {
  return table
    .trim()
    .split('\n')
    .map((row) => row.split(' | ').map((cell) => cell.trim()))
}

/** What cannot be counted is estimated and marked as that; what is not about rows says so. */
const KINDS_TABLE = `
UPDATE products SET price_cents = price_cents * 2 | 12 of 12, counted | No WHERE: every row | does not keep the values
DELETE FROM orders WHERE id < 3 | 2 of 200, counted | delete 6 rows of public.order_items | orders_history
SELECT id, email FROM customers | about 40, the planner's estimate | customers.email (projected; labelled email) | cannot be unread
ALTER TABLE orders ADD COLUMN note text | not counted, of about 200 | ACCESS EXCLUSIVE on public.orders (nobody else reads or writes)
DROP TABLE payments | about 30 of 30, the planner's estimate | ACCESS EXCLUSIVE on public.payments | only from a backup
TRUNCATE payments | about 30 of 30, the planner's estimate | its rows come back only from a backup
COPY customers TO STDOUT | about 40 of 40, the planner's estimate | holds address, birth_date, card
COPY (SELECT email FROM customers) TO STDOUT | about 40 of 40, the planner's estimate
BEGIN; UPDATE orders SET status = 'paid'; DELETE FROM payments WHERE id < 3; COMMIT | 202 of 230, counted. Each as if it came alone: UPDATE 200 of 200, counted; DELETE 2 of 30, counted | controls the transaction, writes data
INSERT INTO orders (customer_id, status) SELECT id, 'open' FROM customers | about 40, the planner's estimate | by deleting the new rows
MERGE INTO products p USING products q ON p.id = q.id WHEN MATCHED THEN UPDATE SET in_stock = 0 | about 12, the planner's estimate
GRANT ALL ON orders TO PUBLIC | none; it is not about rows | changes privileges | By the opposite statement`

export const KINDS = rowsOf(KINDS_TABLE).map(([sql = '', ...said]) => [sql, said] as const)
