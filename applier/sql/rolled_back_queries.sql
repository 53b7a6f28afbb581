-- The statement that defers again what a transaction begins with deferred, behind SET CONSTRAINTS
-- ALL IMMEDIATE; NULL where there is nothing. A name that a constraint of another mode has as well,
-- in the same schema, would defer that, too: it is left out.
-- :name rolled_back_defers
SELECT 'SET CONSTRAINTS ' || string_agg(name, ', ') || ' DEFERRED'
  FROM (SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.conname) AS name
          FROM pg_catalog.pg_constraint c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
         WHERE c.condeferred
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint other
                            WHERE other.connamespace = c.connamespace
                              AND other.conname = c.conname AND NOT other.condeferred)) AS deferred
