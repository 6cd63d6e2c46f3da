-- What a delivery is told of; NULL: everything. One that is told of less is a row and a job less for each change.
ALTER TABLE delivery ADD COLUMN reasons text[];
ALTER TABLE delivery ADD COLUMN mode text;

-- Recorded policy inputs are forgotten a day at a time, and an input with the last day that names it.
CREATE INDEX policy_input_day_day ON policy_input_day (day);
CREATE INDEX policy_input_first_seen ON policy_input (first_seen);
