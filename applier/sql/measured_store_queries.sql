-- SQLite: reading what a site's rehearsal has measured, by JSON functions, on no table at all.

-- :name measured_is_document
SELECT CASE WHEN json_valid(:document) THEN json_extract(:document, '$.rehearsal') END

-- :name measured_head
SELECT json_extract(:document, '$.at'), json_extract(:document, '$.method'),
       json_extract(:document, '$.server_version'), json_type(:document, '$.steps')

-- One row for each relation of a step; for a step without any, one whose relation is null.
-- :name measured_steps
SELECT step.key, json_extract(step.value, '$.identity'), json_extract(step.value, '$.script'),
       json_extract(step.value, '$.statement'), json_extract(step.value, '$.duration_us'),
       relation.key, json_extract(relation.value, '$.relation'),
       json_extract(relation.value, '$.bytes'), json_extract(relation.value, '$.rows'),
       json_extract(relation.value, '$.lock'), json_extract(relation.value, '$.rewritten'),
       json_extract(relation.value, '$.scanned')
  FROM json_each(:document, '$.steps') AS step
  LEFT JOIN json_each(step.value, '$.relations') AS relation
 ORDER BY step.key, relation.key
