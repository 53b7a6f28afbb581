-- The table, as the server writes its name, and the column, of an identity of the fingerprint; no row
-- where it is not there (any more). $2: a column is meant.
-- :name rollback_relation
SELECT c.oid::pg_catalog.regclass::text, coalesce(pg_catalog.quote_ident(a.attname), '')
  FROM (SELECT pg_catalog.parse_ident($1) AS name) AS given
  JOIN pg_catalog.pg_namespace n ON n.nspname = given.name[1]
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = given.name[2]
  LEFT JOIN pg_catalog.pg_attribute a
         ON a.attrelid = c.oid AND a.attname = given.name[3] AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND (NOT $2::boolean OR a.attname IS NOT NULL)
