-- The columns of all tables that may hold rows: those with pages, outside the system's schemas, the
-- ledger's and extensions. Names as fingerprints write them and as SQL does; sorted.
-- :name hash_columns
SELECT CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
            ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
       || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
               ELSE '"' || replace(c.relname, '"', '""') || '"' END,
       format('%I.%I', n.nspname, c.relname), a.attname, quote_ident(a.attname)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
         ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sealift')
   AND pg_catalog.pg_relation_size(c.oid) > 0
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e')
 ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C", a.attname::text COLLATE "C"
