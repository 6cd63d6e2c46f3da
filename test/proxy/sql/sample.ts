import pg from 'pg'
import type { TargetConfig } from '../../../config.ts'
import { type Catalog, openCatalog } from '../../../proxy/catalog/catalog.ts'
import type { LabelRules } from '../../../proxy/catalog/column-sources.ts'
import type { Remembered } from '../../../proxy/gate.ts'
import { type Analysis, analyse, loadParser, type NameContext } from '../../../proxy/sql/analyse.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

const labelled = new Set(['email', 'phone', 'card', 'salary'])

/** Labels by column name alone. */
export const labels: LabelRules = {
  labelsFor: ({ column }) => (labelled.has(column) ? [column] : []),
}

export const log = { info: () => undefined, warn: () => undefined }

/** A small shop with everything in it that makes names mean more than they say. */
export const schema = `
  CREATE TABLE customers (id int PRIMARY KEY, name text, email text, phone text, card text, country text);
  CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, total numeric,
                       created_at timestamptz DEFAULT now(), note jsonb);
  CREATE TABLE order_items (order_id int REFERENCES orders, position int, sku text, price numeric);
  CREATE TABLE staff (id int PRIMARY KEY, name text, salary numeric, boss int REFERENCES staff);
  CREATE TABLE audit_log (at timestamptz, what text);
  CREATE TABLE events (id int, day date, email text) PARTITION BY RANGE (day);
  CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE TABLE people (id int, email text);
  CREATE TABLE pupils (school text) INHERITS (people);
  CREATE VIEW mailing AS SELECT id, name, email AS address FROM customers WHERE country = 'DE';
  CREATE VIEW mailing_orders AS SELECT m.address, o.total FROM mailing m JOIN orders o ON o.customer_id = m.id;
  CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
  CREATE FUNCTION mail_of(int) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION forget(who int) RETURNS void LANGUAGE sql AS 'DELETE FROM customers WHERE id = who';
  CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 * 2;
  CREATE FUNCTION opaque() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN 1; END $$;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN NEW; END $$;
  CREATE TABLE stamped (id int, at timestamptz);
  CREATE TRIGGER stamp BEFORE UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TABLE ruled (id int);
  CREATE RULE copy AS ON INSERT TO ruled DO ALSO INSERT INTO audit_log VALUES (now(), NEW.id::text);
  CREATE TABLE reading (id int, body text DEFAULT pg_read_file('x'));
  CREATE DOMAIN checked AS int CHECK (twice(VALUE) > 0);
  CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN true; END $$;
  CREATE OPERATOR ==== (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
  CREATE AGGREGATE gather (text) (SFUNC = textcat, STYPE = text);
  CREATE SCHEMA shadow;
  CREATE TABLE shadow.customers (id int, remark text);
  CREATE FUNCTION shadow.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN $1; END $$;
  CREATE TABLE "Odd ""Name" ("Sum" int, "ümlaut" text);
`

export interface Sample extends AsyncDisposable {
  readonly url: string
  readonly client: pg.Client
  readonly catalog: Catalog
  /** Names as a fresh session has them, with what is given in their place. */
  names(changes?: Partial<NameContext>): NameContext
  analyse(text: string, changes?: Partial<NameContext>): readonly Analysis[]
  /** Of a text that is one statement. */
  one(text: string, changes?: Partial<NameContext>): Analysis
  /** As a session keeps what it prepares or declares now. */
  remembered(text: string): Remembered
}

/** @param given one of its own on the run's server where left out */
export async function sample(definitions = schema, given?: TestDatabase): Promise<Sample> {
  await loadParser()
  const database = given ?? (await freshDatabase())
  const client = new pg.Client(database.url)
  await client.connect()
  await client.query(definitions)
  const catalog = await openCatalog({ target: targetOf(database.url), labels, log, checkEveryMs: 3_600_000 })
  const names = (changes: Partial<NameContext> = {}): NameContext => ({
    snapshot: catalog.snapshot,
    searchPath: '"$user", public',
    role: 'postgres',
    temporaryRelations: new Set(),
    preparedStatement: () => undefined,
    cursor: () => undefined,
    ...changes,
  })
  return {
    url: database.url,
    client,
    catalog,
    names,
    analyse: (text, changes) => analyse(text, names(changes)),
    one(text, changes) {
      const [analysis, ...more] = analyse(text, names(changes))
      if (analysis === undefined || more.length > 0) throw new Error(`not one statement: ${text}`)
      return analysis
    },
    remembered: (text) => ({ text, ledTo: analyse(text, names())[0]?.definitions ?? [] }),
    async [Symbol.asyncDispose]() {
      await catalog.close()
      await client.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

export function targetOf(url: string): TargetConfig {
  const { hostname, port, pathname, username, password } = new URL(url)
  return {
    name: 'prod/shop',
    environment: 'production',
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    password,
    tls: 'disable',
  }
}
