import type { Identity } from '../../policies/input.ts'
import { rulePlaces } from '../../policies/rule-places.ts'
import type { BoundParameters } from '../../proxy/gate.ts'
import { foresee } from '../../proxy/preview/foresee.ts'
import { holdRequest } from '../../proxy/session/hold-request.ts'
import { parameterTexts } from '../../proxy/session/parameter-text.ts'
import type { HoldRequest } from '../../workflows/holds/hold.ts'
import { type GateStand, openGateStand } from '../proxy/gate-stand.ts'

/** Statements as the proxy asks reviewers about them: judged, looked at and put together by what ships, on a real shop. */
export function openShop(): Promise<GateStand> {
  return openGateStand(`
    INSERT INTO customers (name, email, phone, card, birth_date)
      SELECT 'Customer ' || i, 'canary' || i || '@x.org', '0170 555 00' || i, '4111 1111 1111 111' || i % 10, date '1980-05-05'
      FROM generate_series(1, 40) i;
    INSERT INTO orders (customer_id, status) SELECT 1 + i % 40, 'open' FROM generate_series(1, 200) i;
    INSERT INTO products (name, price_cents) SELECT 'Chair ' || i, 1000 * i FROM generate_series(1, 12) i;
    INSERT INTO order_items SELECT o.id, n, n, 2, 500 FROM orders o, generate_series(1, 3) n;
    INSERT INTO payments (order_id, amount_cents, method, paid_at) SELECT id, 500, 'card', now() FROM orders WHERE id <= 30;
    ALTER TABLE orders ADD COLUMN contact_email text, ADD COLUMN note text DEFAULT 'from the shop';
    UPDATE orders SET contact_email = 'canary' || id || '@x.org';
    CREATE TABLE order_log (order_id int, at timestamptz NOT NULL DEFAULT now());
    CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO order_log (order_id) VALUES (OLD.id); RETURN OLD; END';
    CREATE TRIGGER orders_history AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep_history();
    ANALYZE;`)
}

export interface Asks
  extends Partial<Pick<HoldRequest, 'anewOf' | 'identity' | 'client' | 'application' | 'reason' | 'locks' | 'mode'>> {
  readonly bound?: BoundParameters
}

export const NONE: BoundParameters = { types: [], formats: [], values: [] }

/** The request alone. */
export async function askedFor(shop: GateStand, sql: string, asks: Asks = {}): Promise<HoldRequest> {
  return (await wholeAskedFor(shop, sql, asks)).request
}

/** And the rows that are kept beside it. */
export async function wholeAskedFor(shop: GateStand, sql: string, asks: Asks = {}) {
  const { identity, client = '10.20.30.40:51234', application = 'psql', bound = NONE, locks = [] } = asks
  const state = shop.session({ application, ...(identity === undefined ? {} : { identity }) })
  const judgements = await shop.gate.judge(sql, state)
  const inTransaction = locks.length > 0
  const view = { role: state.role, searchPath: 'public', inTransaction }
  const { foreseen, examples } = await foresee(judgements, bound, view, {
    catalog: shop.catalog,
    labels: shop.policy.labels,
    rulePlaces: rulePlaces(shop.policy.rules),
    timeoutMs: 10_000,
  })
  const request = holdRequest({
    judgements,
    state: { ...state, target: { ...state.target, database: 'shop' } },
    digest: crypto.randomUUID(),
    inputs: [],
    shape: null,
    foreseen,
    client,
    locks,
    anewOf: asks.anewOf ?? null,
    onHold: asks.mode ?? null,
    reason: asks.reason ?? null,
    shown: parameterTexts(bound),
    sessionId: 'session_1',
    expiryMsMax: inTransaction ? 60_000 : null,
  })
  return { request, examples }
}

/** The same identity as somebody of this issuer, whom its directory knows. */
export function at(issuer: string, identity: Identity): Identity {
  const { actsFor } = identity
  return { ...identity, issuer, actsFor: actsFor === null ? null : { ...actsFor, issuer } }
}
