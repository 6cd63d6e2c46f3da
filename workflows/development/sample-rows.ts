/**
 * The rows of the sample shop. The same seed gives the same shop, to the last digit, on every machine and every day:
 * tests and tours may rely on what they see. Nothing here belongs to anyone (RFC 2606 domains, telephone numbers set
 * aside for fiction, card numbers of a test range that pass the check digit).
 */
export type SampleRows = Readonly<Record<(typeof SAMPLE_TABLES)[number], readonly object[]>>

/** In the order of their foreign keys. */
export const SAMPLE_TABLES = ['customers', 'products', 'orders', 'order_items', 'payments', 'staff'] as const

const CUSTOMERS = 1_500
const ORDERS = 4_000
const FIRST_DAY = Date.UTC(2023, 0, 1)
const LAST_DAY = Date.UTC(2026, 5, 30)
const DAY_MS = 86_400_000

// biome-ignore format: lists read better in lines
const WORDS = {
  first: ['Ada', 'Amir', 'Aya', 'Bruno', 'Carla', 'Chen', 'Dalia', 'Diego', 'Edda', 'Emeka', 'Farah', 'Felix', 'Greta',
    'Hana', 'Hugo', 'Ines', 'Ivan', 'Jamal', 'Jonas', 'Kaja', 'Kofi', 'Lena', 'Luca', 'Mara', 'Mateo', 'Mina', 'Nadia',
    'Noah', 'Olga', 'Omar', 'Paula', 'Pierre', 'Qing', 'Rana', 'Rosa', 'Samir', 'Sofia', 'Tariq', 'Tilda', 'Uma',
    'Viktor', 'Wanda', 'Xenia', 'Yusuf', 'Zoe'],
  last: ['Abara', 'Almeida', 'Bauer', 'Berg', 'Castillo', 'Conti', 'Dahl', 'Dubois', 'Eriksen', 'Farouk', 'Fischer',
    'Garcia', 'Haddad', 'Hansen', 'Ito', 'Jansen', 'Kaya', 'Keller', 'Kowalski', 'Laurent', 'Lindqvist', 'Marin',
    'Moreau', 'Nakamura', 'Novak', 'Okafor', 'Olsen', 'Petrov', 'Quist', 'Reyes', 'Rossi', 'Santos', 'Schmidt',
    'Tanaka', 'Thorne', 'Ueda', 'Varga', 'Weber', 'Yilmaz', 'Zhang'],
  street: ['Mill Lane', 'Station Road', 'Harbour Street', 'Elm Avenue', 'Church Walk', 'Garden Square', 'King Street'],
  town: ['Ashford', 'Brookfield', 'Clearwater', 'Eastport', 'Fairview', 'Greenhaven', 'Lakeside', 'Northgate'],
  thing: ['lamp', 'kettle', 'chair', 'notebook', 'backpack', 'umbrella', 'bottle', 'blanket', 'mirror', 'clock'],
  kind: ['Plain', 'Oak', 'Copper', 'Linen', 'Travel', 'Nordic'],
  role: ['engineer', 'engineer', 'buyer', 'support', 'support', 'warehouse', 'warehouse', 'accountant'],
} as const

export function sampleRows(seed = 20_260_701): SampleRows {
  const random = generator(seed)
  const customers = Array.from({ length: CUSTOMERS }, (_, index) => customer(index + 1, random))
  const products = WORDS.kind
    .flatMap((kind) => WORDS.thing.map((thing) => `${kind} ${thing}`))
    .map((name, index) => ({
      id: index + 1,
      name,
      price_cents: random.whole(3, 180) * 100 - 1,
      in_stock: random.whole(0, 400),
    }))
  const orders = Array.from({ length: ORDERS }, (_, index) => ({
    id: index + 1,
    customer_id: random.whole(1, CUSTOMERS),
    status: random.pick(['open', 'paid', 'paid', 'shipped', 'shipped', 'shipped', 'returned', 'cancelled']),
    ordered_at: random.instant(),
  }))
  const order_items = orders.flatMap(({ id }) =>
    Array.from({ length: random.whole(1, 4) }, (_, line) => {
      const product = random.pick(products)
      return {
        order_id: id,
        line: line + 1,
        product_id: product.id,
        quantity: random.whole(1, 3),
        price_cents: product.price_cents,
      }
    }),
  )
  return {
    customers,
    products,
    orders,
    order_items,
    payments: payments(orders, order_items, random),
    staff: staff(random),
  }
}

function customer(id: number, random: Random): object {
  const first = random.pick(WORDS.first)
  const last = random.pick(WORDS.last)
  return {
    id,
    name: `${first} ${last}`,
    email: `${first}.${last}${id}@example.${random.pick(['com', 'org', 'net'])}`.toLowerCase(),
    phone: `+1 ${random.digits(3)} 555 01${random.digits(2)}`,
    card: cardNumber(random),
    address: `${random.whole(1, 199)} ${random.pick(WORDS.street)}, ${random.pick(WORDS.town)}`,
    birth_date: random.day(Date.UTC(1945, 0, 1), Date.UTC(2006, 0, 1)),
    created_at: random.instant(),
  }
}

function payments(
  orders: readonly { readonly id: number; readonly status: string; readonly ordered_at: string }[],
  items: readonly { readonly order_id: number; readonly quantity: number; readonly price_cents: number }[],
  random: Random,
): readonly object[] {
  const totals = new Map<number, number>()
  for (const item of items)
    totals.set(item.order_id, (totals.get(item.order_id) ?? 0) + item.quantity * item.price_cents)
  return orders
    .filter(({ status }) => status !== 'open' && status !== 'cancelled')
    .map(({ id, ordered_at }, index) => ({
      id: index + 1,
      order_id: id,
      amount_cents: totals.get(id) ?? 0,
      method: random.pick(['card', 'card', 'card', 'transfer', 'voucher']),
      paid_at: new Date(Date.parse(ordered_at) + random.whole(1, 72) * 3_600_000).toISOString(),
    }))
}

function staff(random: Random): readonly object[] {
  return Array.from({ length: 48 }, (_, index) => {
    const [first, last] = [random.pick(WORDS.first), random.pick(WORDS.last)]
    const role = index === 0 ? 'director' : index < 6 ? 'manager' : random.pick(WORDS.role)
    return {
      id: index + 1,
      name: `${first} ${last}`,
      email: `${first}.${last}.${index + 1}@shop.example`.toLowerCase(),
      role,
      salary: (role === 'director' ? 142_000 : role === 'manager' ? 86_000 : 41_000) + random.whole(0, 180) * 100,
      hired_on: random.day(Date.UTC(2012, 0, 1), LAST_DAY),
      manager_id: index === 0 ? null : index < 6 ? 1 : random.whole(2, 6),
    }
  })
}

/** Sixteen digits of the range that card schemes keep for tests, the last one the Luhn check digit. */
function cardNumber(random: Random): string {
  const body = `400000${random.digits(9)}`
  const sum = [...body].reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return `${body}${(10 - (sum % 10)) % 10}`.replaceAll(/(\d{4})(?=\d)/g, '$1 ')
}

type Random = ReturnType<typeof generator>

/** Mulberry32: small, even enough, and the same everywhere. */
function generator(seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    whole,
    pick: <T>(list: readonly T[]): T => list[whole(0, list.length - 1)] as T,
    digits: (count: number): string => Array.from({ length: count }, () => whole(0, 9)).join(''),
    instant: (): string => new Date(whole(FIRST_DAY / 1000, LAST_DAY / 1000) * 1000).toISOString(),
    day: (from: number, to: number): string =>
      new Date(from + whole(0, (to - from) / DAY_MS) * DAY_MS).toISOString().slice(0, 10),
  }
}
