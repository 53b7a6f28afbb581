-- What generated rows must be like. Tables are given by their OIDs ($1 oid[]).

-- The tables that may hold rows, and how many columns they have had.
-- :name rows_tables
SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relnatts
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sealift')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e')
 ORDER BY c.relispartition, n.nspname::text COLLATE "C", c.relname::text COLLATE "C"

-- Their columns, with the type beneath domains. What counts itself (identity, nextval) and what is
-- computed is left to the server.
-- :name rows_columns
WITH RECURSIVE column_type AS (
  SELECT a.attrelid, a.attnum, a.attname, a.attnotnull, a.atttypid AS type, a.atttypmod AS modifier,
         format_type(a.atttypid, a.atttypmod) AS written,
         a.attgenerated <> '' OR a.attidentity <> ''
           OR coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%' AS by_server,
         a.atthasdef AS has_default
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
), resolved AS (
  SELECT c.attrelid, c.attnum, c.type, c.modifier, false AS not_null FROM column_type c
   UNION ALL
  SELECT r.attrelid, r.attnum, t.typbasetype, CASE WHEN r.modifier < 0 THEN t.typtypmod ELSE r.modifier END,
         t.typnotnull
    FROM resolved r JOIN pg_catalog.pg_type t ON t.oid = r.type AND t.typtype = 'd'
), base AS (
  SELECT r.attrelid, r.attnum, max(r.modifier) AS modifier, bool_or(r.not_null) AS not_null,
         max(r.type) FILTER (WHERE t.typtype <> 'd') AS type
    FROM resolved r JOIN pg_catalog.pg_type t ON t.oid = r.type
   GROUP BY r.attrelid, r.attnum
)
SELECT c.attrelid, c.attnum, quote_ident(c.attname), c.attnotnull OR b.not_null, c.by_server,
       c.has_default, c.written, coalesce(e.typname, t.typname), coalesce(e.typtype, t.typtype),
       coalesce(e.typcategory, t.typcategory), e.oid IS NOT NULL, b.modifier,
       (SELECT count(*) FROM pg_catalog.pg_attribute m
         WHERE m.attrelid = t.typrelid AND m.attnum > 0)
  FROM column_type c
  JOIN base b ON b.attrelid = c.attrelid AND b.attnum = c.attnum
  JOIN pg_catalog.pg_type t ON t.oid = b.type
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
 ORDER BY c.attrelid, c.attnum

-- What refuses values: checks of the table and of domains, and the bounds of a partition (whose
-- violation has no name). One row for each column of each.
-- :name rows_checks
SELECT k.conrelid, k.conname, a.attnum, pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
 WHERE k.contype = 'c' AND k.conrelid = ANY ($1::oid[])
UNION ALL
SELECT a.attrelid, k.conname, a.attnum, pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_attribute a ON a.atttypid = k.contypid AND NOT a.attisdropped
 WHERE k.contype = 'c' AND a.attrelid = ANY ($1::oid[])
UNION ALL
SELECT c.oid, '', a.attnum, pg_catalog.pg_get_partition_constraintdef(c.oid)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = i.inhparent
  JOIN pg_catalog.pg_attribute above
    ON above.attrelid = p.partrelid AND above.attnum = ANY (p.partattrs::int2[])
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = above.attname
 WHERE c.relispartition AND c.oid = ANY ($1::oid[])
 ORDER BY 1, 2, 3

-- Foreign keys, a row for each pair of columns.
-- :name rows_keys
SELECT k.conrelid, k.conname, k.confrelid, format('%I.%I', n.nspname, f.relname), pair.child,
       quote_ident(a.attname)
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
 CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair (child, parent, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = pair.parent
 WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[])
 ORDER BY k.conrelid, k.conname::text COLLATE "C", pair.place
