-- What the catalog says about the object of a step outside transactions. Names come as the script
-- has them, folded and unquoted; without a schema they are found as the script would find them.
--
-- $1, $2: schema (or null) and name of the index; $3, $4: schema (or null) and name of its table
-- (or null).
-- :name probe_index
SELECT format('%I.%I', n.nspname, c.relname), i.indisvalid
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname = $2::text
   AND ($1::text IS NULL OR n.nspname = $1)
   AND CASE WHEN $4::text IS NOT NULL
            THEN i.indrelid = to_regclass(coalesce(quote_ident($3::text) || '.', '')
                                          || quote_ident($4))
            ELSE $1 IS NOT NULL OR c.oid = to_regclass(quote_ident($2)) END

-- Invalid indexes that a REINDEX CONCURRENTLY left: of the named index or table, or of all.
-- :name probe_reindex
SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
   AND ($2::text IS NULL
        OR i.indrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2))
        OR i.indrelid = (SELECT named.indrelid FROM pg_catalog.pg_index named
                          WHERE named.indexrelid = to_regclass(
                                coalesce(quote_ident($1) || '.', '') || quote_ident($2))))
 ORDER BY 1

-- $1, $2: the partition; $3, $4: its parent. (The column is not there before PostgreSQL 14.)
-- :name probe_detach
SELECT format('%I.%I', pn.nspname, p.relname), format('%I.%I', cn.nspname, c.relname),
       coalesce((to_jsonb(i) ->> 'inhdetachpending')::boolean, false)
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
 WHERE i.inhrelid = to_regclass(coalesce(quote_ident($1::text) || '.', '') || quote_ident($2))
   AND i.inhparent = to_regclass(coalesce(quote_ident($3::text) || '.', '') || quote_ident($4))

-- :name probe_database
SELECT FROM pg_catalog.pg_database WHERE datname = $1::text

-- :name probe_tablespace
SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1::text

-- (pg_subscription itself is for superusers; these columns are for everybody.)
-- :name probe_subscription
SELECT oid FROM pg_catalog.pg_subscription
 WHERE subname = $1::text
   AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
