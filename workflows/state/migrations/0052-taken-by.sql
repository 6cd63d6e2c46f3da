-- Which try to run it took the approval: one that lost its connection meanwhile finds that it was itself.
ALTER TABLE hold ADD COLUMN taken_by text;
