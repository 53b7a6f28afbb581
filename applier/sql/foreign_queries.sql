-- Tables in which other migration tools keep what they have applied.

-- Those that are there: the number of the tool, the table as SQL writes it, whether this role may read
-- it, and the role. $1: names of tables, $2: columns that each has, separated by blanks; with a '='
-- before them it has no others.
-- :name foreign_tables
SELECT wanted.number, format('%I.%I', n.nspname, c.relname),
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), current_user
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (relname, columns, number)
  JOIN pg_catalog.pg_class c ON c.relname = wanted.relname AND c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sealift')
 CROSS JOIN LATERAL (
       SELECT array_agg(a.attname::text) AS names FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) has
 CROSS JOIN LATERAL (
       SELECT string_to_array(ltrim(wanted.columns, '='), ' ') AS names,
              wanted.columns LIKE '=%' AS exactly) needs
 WHERE has.names @> needs.names AND (NOT needs.exactly OR has.names <@ needs.names)
 ORDER BY wanted.number, n.nspname::text COLLATE "C"
