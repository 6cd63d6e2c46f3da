import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ana, bot, etl, type GateStand, openGateStand } from './gate-stand.ts'

/** The limit of rows and what it does not see: the facts of a real server, judged by the gate and the default policies. */
const schema = `
  CREATE TABLE parcels (id int PRIMARY KEY, weight int);
  CREATE TABLE parcel_notes (parcel int REFERENCES parcels ON DELETE CASCADE, at int);
  CREATE TABLE shelves (id int PRIMARY KEY, room int);
  CREATE TABLE shelf_history (id int, room int);
  CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO shelf_history VALUES (OLD.id, OLD.room); RETURN OLD; END $$;
  CREATE TRIGGER kept AFTER DELETE ON shelves FOR EACH ROW EXECUTE FUNCTION keep_history();
  CREATE TABLE rooms (id serial PRIMARY KEY, floor int, made timestamptz DEFAULT now());
  CREATE FUNCTION checked() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.floor > (SELECT count(*) FROM shelves) THEN NEW.floor := 0; END IF; RETURN NEW; END $$;
  CREATE TRIGGER checks BEFORE INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION checked();
  CREATE FUNCTION rooms_on(wanted int) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM rooms WHERE floor = wanted $$;
  CREATE FUNCTION shelves_in(wanted int) RETURNS bigint LANGUAGE plpgsql AS
    $$ BEGIN RETURN (SELECT count(*) FROM shelves WHERE room = wanted); END $$;
  CREATE FUNCTION forget_shelf(which int) RETURNS void LANGUAGE sql AS $$ DELETE FROM shelf_history WHERE id = which $$;`

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand(schema)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const RULE = 'limits.uncounted_writes'
const attached = [
  { sql: 'DELETE FROM parcels WHERE id = 1', elsewhere: 'public.parcel_notes', behind: 'public.parcels' },
  { sql: 'DELETE FROM shelves WHERE id = 1', elsewhere: 'public.shelf_history', behind: 'public.shelves' },
]

describe('a foreign key and a trigger write what the server does not count', () => {
  test.for(attached)('an agent is held: $sql', async ({ sql, behind }) => {
    const { outcome, rules } = (await stand.judge(sql, { identity: bot })).decision
    expect(outcome).toBe('hold')
    expect(rules.filter(({ id }) => id === RULE)).toMatchObject([
      { outcome: 'hold', reason: expect.stringContaining(`a foreign key or trigger of ${behind}`) },
    ])
  })

  test.for(attached)('a person is told by the limit itself: $sql', async ({ sql, elsewhere }) => {
    const { outcome, rules } = (await stand.judge(sql, { identity: ana })).decision
    expect(outcome).toBe('allow')
    expect(rules.filter(({ id }) => id === 'limits.by_asker')).toMatchObject([
      { reason: expect.stringContaining(`in ${elsewhere} because of it is not counted`) },
    ])
  })

  test.for(attached)('a service has no limit, and is not held: $sql', async ({ sql }) => {
    expect((await stand.judge(sql, { identity: etl })).decision.outcome).toBe('allow')
  })
})

test.for(['SELECT forget_shelf(1)', 'DO $$ BEGIN UPDATE rooms SET floor = 1 WHERE id = 1; END $$'])(
  'whoever has a limit is held: %s',
  async (sql) => {
    for (const identity of [ana, bot]) {
      const { outcome, rules } = (await stand.judge(sql, { identity })).decision
      expect(outcome, identity.name).toBe('hold')
      expect(rules.map(({ id }) => id)).toContain(RULE)
    }
  },
)

/** Nothing of it writes a row that is not counted: a function that reads, a sequence, the time, a trigger that looks. */
test.for([
  'SELECT rooms_on(1), shelves_in(2), now(), clock_timestamp()',
  "SELECT nextval('rooms_id_seq')",
  'SELECT * FROM rooms WHERE floor = shelves_in(3)',
  'UPDATE rooms SET floor = rooms_on(2) WHERE id = 1',
  "UPDATE rooms SET made = now(), id = nextval('rooms_id_seq') WHERE id = 1",
  'INSERT INTO rooms (floor) VALUES (2)',
  'DELETE FROM parcel_notes WHERE at = 1',
  'UPDATE shelves SET room = 2 WHERE id = 1',
  'DO $$ BEGIN PERFORM rooms_on(1); END $$',
  'CREATE TEMP TABLE seen AS SELECT * FROM rooms',
])('nobody is held for it: %s', async (sql) => {
  for (const identity of [ana, bot]) {
    const { outcome, rules } = (await stand.judge(sql, { identity })).decision
    expect(
      rules.filter(({ outcome }) => outcome !== 'allow').map(({ id }) => id),
      identity.name,
    ).not.toContain(RULE)
    expect(outcome, identity.name).toBe('allow')
  }
})
