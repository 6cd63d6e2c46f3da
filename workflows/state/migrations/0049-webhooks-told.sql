-- Which notices this receiver has taken: while another one of the same hold does not answer, it is not told again.
ALTER TABLE hold_webhook ADD COLUMN told text[] NOT NULL DEFAULT '{}';
