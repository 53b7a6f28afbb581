-- What a batch goes through (applier/steps/step_batch.c). The scripts' search_path holds here, by which
-- the table is found; all else is named with its schema. Keys are compared with the operator that the
-- index goes by.
--
-- The statements that find the first range and the next one (behind the key $1), whether the key may
-- be null, whether a btree index in its own order leads with it, and how many rows there are about (0:
-- never analyzed). $1: schema, or null for the search path; $2: table; $3: the key's column; $4: rows
-- of a range.
-- :name batch_subject
SELECT pg_catalog.format(bounds, key, place, 'IS NOT NULL', rows_before_last),
       pg_catalog.format(bounds, key, place, pg_catalog.concat(behind, ' $1'), rows_before_last),
       pg_catalog.format('SELECT EXISTS (SELECT FROM %s WHERE %s IS NULL)', place, key),
       nullable, behind IS NOT NULL, about
  FROM (VALUES (
    'SELECT (SELECT %1$s FROM %2$s WHERE %1$s %3$s ORDER BY %1$s LIMIT 1),'
    ' coalesce((SELECT %1$s FROM %2$s WHERE %1$s %3$s ORDER BY %1$s OFFSET %4$s LIMIT 1),'
    ' (SELECT %1$s FROM %2$s WHERE %1$s %3$s ORDER BY %1$s DESC LIMIT 1))',
    $4::bigint OPERATOR(pg_catalog.-) 1)) AS template (bounds, rows_before_last),
  (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS place,
          pg_catalog.format('%I', a.attname) AS key, NOT a.attnotnull AS nullable,
          (SELECT pg_catalog.format('OPERATOR(%I.%s)', greater_space.nspname, greater.oprname)
             FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
             JOIN pg_catalog.pg_am m ON m.oid OPERATOR(pg_catalog.=) x.relam
                                    AND m.amname OPERATOR(pg_catalog.=) 'btree'
             JOIN pg_catalog.pg_opclass o ON o.oid OPERATOR(pg_catalog.=) i.indclass[0] AND o.opcdefault
             JOIN pg_catalog.pg_amop p ON p.amopfamily OPERATOR(pg_catalog.=) o.opcfamily
                                      AND p.amoplefttype OPERATOR(pg_catalog.=) o.opcintype
                                      AND p.amoprighttype OPERATOR(pg_catalog.=) o.opcintype
                                      AND p.amopstrategy OPERATOR(pg_catalog.=) 5::smallint -- "greater"
             JOIN pg_catalog.pg_operator greater ON greater.oid OPERATOR(pg_catalog.=) p.amopopr
             JOIN pg_catalog.pg_namespace greater_space
               ON greater_space.oid OPERATOR(pg_catalog.=) greater.oprnamespace
            WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisvalid AND i.indpred IS NULL
              AND i.indkey[0] OPERATOR(pg_catalog.=) a.attnum
              AND i.indcollation[0] OPERATOR(pg_catalog.=) a.attcollation
            LIMIT 1) AS behind,
          coalesce((SELECT pg_catalog.sum(greatest(leaf.reltuples, 0))
                      FROM pg_catalog.pg_partition_tree(c.oid) p
                      JOIN pg_catalog.pg_class leaf ON leaf.oid OPERATOR(pg_catalog.=) p.relid
                     WHERE p.isleaf), greatest(c.reltuples, 0))::bigint AS about
     FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
                                   AND a.attname OPERATOR(pg_catalog.=) $3
                                   AND a.attnum OPERATOR(pg_catalog.>) 0::smallint
                                   AND NOT a.attisdropped
    WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.concat(
              CASE WHEN $1::pg_catalog.text IS NOT NULL
                   THEN pg_catalog.concat(pg_catalog.quote_ident($1), '.') END,
              pg_catalog.quote_ident($2)))) AS subject
