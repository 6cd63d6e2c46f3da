-- A few rows whose labelled columns hold canaries.
INSERT INTO customers (id, name, email, phone, card, address, birth_date)
  SELECT i, 'Customer ' || i, 'zqkvxj' || i || '@wpfhqyd.org', '0' || '48295173' || 1000 + i, '5106' || '73918462' || 2000 + i,
         'Jxqzvwy Lane ' || i, '1987-10-23'
  FROM generate_series(1, 5) i;
INSERT INTO products (id, name, price_cents, in_stock) VALUES (1, 'Lamp', 1200, 3), (2, 'Chair', 4500, 9);
INSERT INTO orders (id, customer_id, status) SELECT i, 1 + i % 5, 'open' FROM generate_series(1, 8) i;
ANALYZE;
