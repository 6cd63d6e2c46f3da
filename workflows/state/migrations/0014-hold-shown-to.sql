-- Whom a hold is shown to, so that a list is found and not filtered: the groups that its decision names in any way, and
-- who asks and for whom, each as [issuer, subject]. And what a hold is known by among those of the same identity.
ALTER TABLE hold ADD COLUMN shown_to text[] NOT NULL DEFAULT '{}';
ALTER TABLE hold ADD COLUMN askers text[] NOT NULL DEFAULT '{}';
ALTER TABLE hold ADD COLUMN tag text NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN target text NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN fingerprint text NOT NULL DEFAULT '';

-- A request is read whole by programs, and may hold NULs and lone surrogates, at which the server's own functions fail.
-- JSON.stringify escapes no other surrogates.
CREATE FUNCTION hold_readable(request json) RETURNS json LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(request::text, '(?<!\\)((\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})', '\1\\ufffd', 'g')::json
$$;

CREATE FUNCTION hold_is_shown() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  request json := hold_readable(NEW.request);
BEGIN
  NEW.shown_to := array(
    SELECT r ->> 'group' FROM json_array_elements(request -> 'decision' -> 'reviewers') AS r
    UNION SELECT request #>> '{decision,answering,escalate,group}'
    UNION SELECT delegate FROM json_each(coalesce(request #> '{decision,answering,delegates}', '{}')) AS d,
                 json_array_elements_text(d.value) AS delegate
    EXCEPT SELECT NULL);
  NEW.askers := array(
    SELECT json_build_array(who ->> 'issuer', who ->> 'subject')::text
    FROM unnest(ARRAY[request -> 'identity', request #> '{identity,actsFor}']) AS who
    WHERE json_typeof(who) = 'object');
  NEW.tag := coalesce(request #>> '{facts,tag}', '');
  NEW.target := coalesce(request #>> '{target,name}', '');
  NEW.fingerprint := coalesce(request #>> '{facts,fingerprint}', '');
  RETURN NEW;
END $$;
-- For those that are there already, and from then on only for new ones: a request does not change.
CREATE TRIGGER hold_is_shown BEFORE INSERT OR UPDATE ON hold FOR EACH ROW EXECUTE FUNCTION hold_is_shown();
UPDATE hold SET status = status;
DROP TRIGGER hold_is_shown ON hold;
CREATE TRIGGER hold_is_shown BEFORE INSERT ON hold FOR EACH ROW EXECUTE FUNCTION hold_is_shown();

CREATE INDEX hold_shown_to ON hold USING gin (shown_to);
CREATE INDEX hold_askers ON hold USING gin (askers);
CREATE INDEX hold_of_identity ON hold (identity, created_at DESC);
