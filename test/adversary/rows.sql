-- The rows that attacks may change, put back before each. Every labelled column holds a canary.
TRUNCATE customers, staff, products, orders, order_items, payments, subscribers, households, members, plain, generated;
INSERT INTO customers (id, name, email, phone, card, address, birth_date, created_at)
  SELECT i, 'Customer ' || i, 'zqkvxj' || i || '@wpfhqyd.org', '0' || '48295173' || 1000 + i, '5106' || '73918462' || 2000 + i,
         'Jxqzvwy Lane ' || i, '1987-10-23', '2026-01-02 03:04:05Z'
  FROM generate_series(1, 5) i;
INSERT INTO staff (id, name, email, role, salary, hired_on)
  SELECT i, 'Member ' || i, 'zqkvxj.s' || i || '@wpfhqyd.org', 'clerk', 91827.36, '2020-02-02' FROM generate_series(1, 3) i;
INSERT INTO products (id, name, price_cents, in_stock) VALUES (1, 'Lamp', 1200, 3), (2, 'Chair', 4500, 9);
INSERT INTO orders (id, customer_id, status, ordered_at)
  SELECT i, 1 + i % 5, 'open', '2026-01-03 00:00:00Z' FROM generate_series(1, 8) i;
INSERT INTO order_items SELECT i, 1, 1 + i % 2, 2, 1200 FROM generate_series(1, 8) i;
INSERT INTO payments (id, order_id, amount_cents, method, paid_at)
  SELECT i, i, 2400, 'card', '2026-01-04 00:00:00Z' FROM generate_series(1, 8) i;

INSERT INTO subscribers VALUES (1, 'zqkvxj@wpfhqyd.org'), (2, 'zqkvxj2@wpfhqyd.org');
INSERT INTO households VALUES (1, 'Ulm'), (2, 'Bonn');
INSERT INTO members VALUES (1, 'zqkvxj@wpfhqyd.org', 1);
INSERT INTO plain VALUES (1, 'nothing', 1), (2, 'more of it', 2);
INSERT INTO generated VALUES (1, 'zqkvxj@wpfhqyd.org'), (2, 'zqkvxj2@wpfhqyd.org');
REFRESH MATERIALIZED VIEW contact_sheet;
REFRESH MATERIALIZED VIEW unique_sheet;
