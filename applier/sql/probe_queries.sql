-- What the catalog says about the object of a step outside transactions. Names come as the script
-- has them, folded and unquoted; without a schema they are found as the script would find them: the
-- search_path is the script's here, and all else is named with its schema.
--
-- $1, $2: schema (or null) and name of the index; $3, $4: schema (or null) and name of its table
-- (or null).
-- :name probe_index
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisvalid
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relname::pg_catalog.text OPERATOR(pg_catalog.=) $2::pg_catalog.text
   AND ($1::pg_catalog.text IS NULL OR n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) $1)
   AND CASE WHEN $4::pg_catalog.text IS NOT NULL
            THEN i.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.concat(
                     CASE WHEN $3::pg_catalog.text IS NOT NULL
                          THEN pg_catalog.concat(pg_catalog.quote_ident($3), '.') END,
                     pg_catalog.quote_ident($4)))
            ELSE $1 IS NOT NULL OR c.oid OPERATOR(pg_catalog.=)
                                   pg_catalog.to_regclass(pg_catalog.quote_ident($2)) END

-- Invalid indexes that a REINDEX CONCURRENTLY left: of the named index or table, or of all.
-- :name probe_reindex
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 CROSS JOIN (SELECT pg_catalog.to_regclass(pg_catalog.concat(
                        CASE WHEN $1::pg_catalog.text IS NOT NULL
                             THEN pg_catalog.concat(pg_catalog.quote_ident($1), '.') END,
                        pg_catalog.quote_ident($2::pg_catalog.text))) AS relation) AS named
 WHERE NOT i.indisvalid AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'
   AND ($2::pg_catalog.text IS NULL
        OR i.indrelid OPERATOR(pg_catalog.=) named.relation
        OR i.indrelid OPERATOR(pg_catalog.=)
           (SELECT its.indrelid FROM pg_catalog.pg_index its
             WHERE its.indexrelid OPERATOR(pg_catalog.=) named.relation))
 ORDER BY 1

-- $1, $2: the partition; $3, $4: its parent. (The column is not there before PostgreSQL 14.)
-- :name probe_detach
SELECT pg_catalog.format('%I.%I', pn.nspname, p.relname),
       pg_catalog.format('%I.%I', cn.nspname, c.relname),
       coalesce((pg_catalog.to_jsonb(i) OPERATOR(pg_catalog.->>) 'inhdetachpending')::boolean, false)
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) i.inhparent
  JOIN pg_catalog.pg_namespace pn ON pn.oid OPERATOR(pg_catalog.=) p.relnamespace
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid
  JOIN pg_catalog.pg_namespace cn ON cn.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE i.inhrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.concat(
           CASE WHEN $1::pg_catalog.text IS NOT NULL
                THEN pg_catalog.concat(pg_catalog.quote_ident($1), '.') END,
           pg_catalog.quote_ident($2)))
   AND i.inhparent OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.concat(
           CASE WHEN $3::pg_catalog.text IS NOT NULL
                THEN pg_catalog.concat(pg_catalog.quote_ident($3), '.') END,
           pg_catalog.quote_ident($4)))

-- :name probe_database
SELECT FROM pg_catalog.pg_database
 WHERE datname::pg_catalog.text OPERATOR(pg_catalog.=) $1::pg_catalog.text

-- :name probe_tablespace
SELECT FROM pg_catalog.pg_tablespace
 WHERE spcname::pg_catalog.text OPERATOR(pg_catalog.=) $1::pg_catalog.text

-- (pg_subscription itself is for superusers; these columns are for everybody.)
-- :name probe_subscription
SELECT oid FROM pg_catalog.pg_subscription
 WHERE subname::pg_catalog.text OPERATOR(pg_catalog.=) $1::pg_catalog.text
   AND subdbid OPERATOR(pg_catalog.=)
       (SELECT oid FROM pg_catalog.pg_database
         WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
