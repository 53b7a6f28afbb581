-- What a batch goes through (applier/steps/step_batch.c).
--
-- The statements that find the first range and the next one (behind the key $1), whether the key may
-- be null, whether a btree index in its own order leads with it, and how many rows there are about (0:
-- never analyzed). $1: schema, or null for the search path; $2: table; $3: the key's column; $4: rows
-- of a range.
-- :name batch_subject
SELECT format(bounds, key, place, 'IS NOT NULL', $4::bigint - 1),
       format(bounds, key, place, '> $1', $4::bigint - 1),
       format('SELECT EXISTS (SELECT FROM %s WHERE %s IS NULL)', place, key),
       nullable, indexed, about
  FROM (VALUES (
    'SELECT (SELECT %1$s FROM %2$s WHERE %1$s %3$s ORDER BY %1$s LIMIT 1),'
    ' coalesce((SELECT %1$s FROM %2$s WHERE %1$s %3$s ORDER BY %1$s OFFSET %4$s LIMIT 1),'
    ' (SELECT %1$s FROM %2$s WHERE %1$s %3$s ORDER BY %1$s DESC LIMIT 1))')) AS template (bounds),
  (SELECT format('%I.%I', n.nspname, c.relname) AS place, format('%I', a.attname) AS key,
          NOT a.attnotnull AS nullable,
          EXISTS (SELECT FROM pg_catalog.pg_index i
                    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                    JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
                    JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0] AND o.opcdefault
                   WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                     AND i.indkey[0] = a.attnum AND i.indcollation[0] = a.attcollation) AS indexed,
          coalesce((SELECT sum(greatest(leaf.reltuples, 0))
                      FROM pg_catalog.pg_partition_tree(c.oid) p
                      JOIN pg_catalog.pg_class leaf ON leaf.oid = p.relid
                     WHERE p.isleaf), greatest(c.reltuples, 0))::bigint AS about
     FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $3 AND a.attnum > 0
                                   AND NOT a.attisdropped
    WHERE c.oid = pg_catalog.to_regclass(coalesce(quote_ident($1::text) || '.', '')
                                         || quote_ident($2))) AS subject
