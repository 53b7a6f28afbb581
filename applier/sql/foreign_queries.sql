-- Tables in which other migration tools keep what they have applied.

-- Those that are there: the number of the tool, the table as SQL writes it, whether this role may read
-- it, the role, and what makes it unsafe to read. $1: names of tables, $2: columns that each has,
-- separated by blanks; with a '=' before them it has no others.
--
-- Anybody may have made such a table, and a SELECT runs with our rights. What of it runs while a query
-- is planned or executed: casts and output of types, policies, what foreign tables beneath it do, and
-- constant parts of CHECKs and of expressions in indexes and statistics. Rules and triggers do not, nor
-- do stored columns. For the same reason no function and no operator is taken from the search_path.
-- :name foreign_tables
SELECT wanted.number, pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
       current_user,
       CASE WHEN c.relrowsecurity THEN 'it has row-level security'
            WHEN c.relkind OPERATOR(pg_catalog.=) 'p'
                 OR EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid)
            THEN 'other tables are part of it'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid
                            AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
            THEN 'an index of it has an expression or a condition'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid OPERATOR(pg_catalog.=) c.oid)
            THEN 'it has extended statistics'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
                            AND k.contype OPERATOR(pg_catalog.=) 'c')
            THEN 'it has a CHECK constraint'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a
                           JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
                          WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
                            AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (needs.names)
                            AND NOT (t.typtype OPERATOR(pg_catalog.=) 'b'
                                     AND t.typnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace))
            THEN 'a column of it has a type that is not one of PostgreSQL itself'
       END
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
       WITH ORDINALITY AS wanted (relname, columns, number)
  JOIN pg_catalog.pg_class c ON c.relname::pg_catalog.text OPERATOR(pg_catalog.=) wanted.relname
   AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog."char"[])
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
   AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^(pg_|information_schema$|sealift$)'
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(a.attname::pg_catalog.text) AS names FROM pg_catalog.pg_attribute a
        WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped) has
 CROSS JOIN LATERAL (
       SELECT pg_catalog.string_to_array(pg_catalog.ltrim(wanted.columns, '='), ' ') AS names,
              wanted.columns OPERATOR(pg_catalog.~) '^=' AS exactly) needs
 WHERE has.names OPERATOR(pg_catalog.@>) needs.names
   AND (NOT needs.exactly OR has.names OPERATOR(pg_catalog.<@) needs.names)
 ORDER BY wanted.number, n.nspname::pg_catalog.text COLLATE "C"
