-- People of a schedule need not be in its group. New holds say whom they are (create.ts); those from before did not, and
-- were in nobody's list whose shift came. Each as shownKey (identity-key.ts) has it.
UPDATE hold SET shown_to = array(
  SELECT unnest(shown_to)
  UNION SELECT 'person:[' || to_json(who ->> 'issuer') || ',' || to_json(who ->> 'subject') || ']'
  FROM json_array_elements(hold_readable(request) #> '{decision,answering,onCall}') AS schedule,
       json_array_elements(schedule -> 'shifts') AS shift,
       json_array_elements(shift) AS who)
WHERE request #>> '{decision,answering,onCall}' <> '[]';
