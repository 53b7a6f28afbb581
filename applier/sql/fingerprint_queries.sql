-- The schema fingerprint, algorithm 1: one row per aspect of an object. docs/fingerprint.md says what
-- each kind holds and how the roots are made of the rows.
--
-- What the server prints depends on settings, so the two statements belong together. Inside
-- somebody's transaction, whose settings must not change:
--
--     SAVEPOINT s; fingerprint_pin; fingerprint_rows; ROLLBACK TO s; RELEASE s
--
-- and alone: BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; fingerprint_pin; fingerprint_rows;
-- COMMIT. Names are not qualified: the pin puts pg_catalog first, and temporary objects last.
-- Catalogs only are read, and of them only what every role may read; the view texts take ACCESS
-- SHARE on what the views read, so lock_timeout is the caller's to set.

-- :name fingerprint_pin
SELECT pg_catalog.set_config(pinned.name, pinned.value, true)
  FROM (VALUES ('search_path', 'pg_catalog, pg_temp'), ('quote_all_identifiers', 'off'),
               ('standard_conforming_strings', 'on'), ('TimeZone', 'UTC'), ('DateStyle', 'ISO, YMD'),
               ('IntervalStyle', 'postgres'), ('extra_float_digits', '3'), ('bytea_output', 'hex'),
               ('lc_monetary', 'C'), ('lc_numeric', 'C'), ('xmlbinary', 'base64'),
               ('work_mem', '64MB'), ('jit', 'off'), ('max_parallel_workers_per_gather', '0'), ('enable_hashjoin', 'on'),
               ('enable_hashagg', 'on'), ('enable_mergejoin', 'off'), ('enable_nestloop', 'on'),
               ('enable_indexscan', 'on'), ('enable_seqscan', 'on'), ('enable_sort', 'on'))
       AS pinned (name, value)

-- $1 text[]: the schemas in scope; null is all but pg_*, information_schema and sealift. Objects
--     without a schema are always in.
-- $2 text: the role that is written as <owner>, or null.
-- $3 boolean: whether definitions are returned.
-- $4 jsonb: roles and tablespaces that are written otherwise: {"role app": "<app_role>"}; or null.
-- Columns: class (core, deparse, env), kind, identity, hash, definition; in no order.
--
-- One text parses on 13 to 18: a catalog's column that an older server lacks is read in a sub-select
-- whose outer query has a column of that name, NULL: an inner name is found first.
-- :name fingerprint_rows
WITH
ns AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl,
         CASE WHEN quote_ident(n.nspname) = n.nspname OR n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
              ELSE quote_ident(n.nspname) END AS ident
    FROM pg_namespace n
   WHERE CASE WHEN $1::text[] IS NULL
              THEN left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'sealift')
              ELSE n.nspname = ANY ($1::text[]) END
),
member AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_depend d
   WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
),
rel AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.reltablespace, c.relpersistence,
         c.reloptions, c.reltoastrelid, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
         c.relreplident, c.relam, c.reloftype, c.relispopulated, c.relpartbound,
         n.ident AS parent,
         n.ident || '.' || CASE WHEN quote_ident(c.relname) = c.relname OR c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                                ELSE quote_ident(c.relname) END AS ident,
         CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'matview'
                        WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type'
                        ELSE 'table' END AS kind
    FROM pg_class c
    JOIN ns n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
     AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
),
typ AS MATERIALIZED (
  SELECT t.*, n.ident AS parent, array_type.oid IS NOT NULL AS is_array,
         n.ident || '.' || CASE WHEN quote_ident(t.typname) = t.typname OR t.typname ~ '^[a-z_][a-z0-9_]*$' THEN t.typname::text
                                ELSE quote_ident(t.typname) END AS ident,
         CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type'
                        WHEN 'c' THEN 'composite type' WHEN 'p' THEN 'shell type'
                        ELSE 'base type' END AS kind
    FROM (SELECT NULL::regproc AS typsubscript) absent
   CROSS JOIN LATERAL (
         SELECT b.oid, b.typname, b.typnamespace, b.typowner, b.typacl, b.typtype, b.typrelid,
                b.typbasetype, b.typtypmod, b.typnotnull, b.typdefault, b.typdefaultbin,
                b.typcollation, b.typlen, b.typbyval, b.typinput, b.typoutput, b.typreceive,
                b.typsend, b.typmodin, b.typmodout, b.typanalyze, b.typalign, b.typstorage,
                b.typcategory, b.typispreferred, b.typdelim, b.typelem, b.typndims,
                typsubscript AS subscript
           FROM pg_type b) t
    JOIN ns n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid AND t.typrelid <> 0
    LEFT JOIN pg_type array_type ON array_type.typarray = t.oid
   WHERE array_type.oid IS NULL
     AND (t.typtype IN ('e', 'd', 'r', 'b', 'p') OR t.typtype = 'c' AND c.relkind = 'c')
     AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
),
fun AS MATERIALIZED (
  SELECT f.*,
         CASE WHEN f.prokind <> 'a' THEN pg_get_functiondef(f.oid)
              ELSE concat_ws(' ', 'aggregate (' || pg_get_function_arguments(f.oid) || ') returns',
                   pg_get_function_result(f.oid),
                   'kind ' || a.aggkind::text, 'direct ' || a.aggnumdirectargs,
                   'parallel ' || f.proparallel::text,
                   'sfunc ' || a.aggtransfn, 'stype ' || a.aggtranstype::regtype,
                   'sspace ' || nullif(a.aggtransspace, 0),
                   'finalfunc ' || nullif(a.aggfinalfn::oid, 0)::regproc,
                   CASE WHEN a.aggfinalextra THEN 'finalfunc_extra' END,
                   'finalfunc_modify ' || a.aggfinalmodify::text,
                   'combinefunc ' || nullif(a.aggcombinefn::oid, 0)::regproc,
                   'serialfunc ' || nullif(a.aggserialfn::oid, 0)::regproc,
                   'deserialfunc ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
                   'initcond ' || quote_literal(a.agginitval),
                   'msfunc ' || nullif(a.aggmtransfn::oid, 0)::regproc,
                   'minvfunc ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
                   'mstype ' || nullif(a.aggmtranstype, 0)::regtype,
                   'msspace ' || nullif(a.aggmtransspace, 0),
                   'mfinalfunc ' || nullif(a.aggmfinalfn::oid, 0)::regproc,
                   CASE WHEN a.aggmfinalextra THEN 'mfinalfunc_extra' END,
                   'mfinalfunc_modify ' || CASE WHEN a.aggmtranstype <> 0
                                                THEN a.aggmfinalmodify::text END,
                   'minitcond ' || quote_literal(a.aggminitval),
                   'sortop ' || nullif(a.aggsortop, 0)::regoperator) END AS def
    FROM (SELECT NULL::pg_node_tree AS prosqlbody) absent
   CROSS JOIN LATERAL (
         SELECT p.oid, p.prokind, p.proowner, p.proacl, p.proparallel,
                n.ident || '.' || CASE WHEN quote_ident(p.proname) = p.proname
                                         OR p.proname ~ '^[a-z_][a-z0-9_]*$' THEN p.proname::text
                                       ELSE quote_ident(p.proname) END
                        || '(' || oidvectortypes(p.proargtypes) || ')' AS ident,
                prosqlbody IS NOT NULL AS parsed
           FROM pg_proc p
           JOIN ns n ON n.oid = p.pronamespace
          WHERE NOT EXISTS (SELECT FROM member m
                             WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
            AND NOT EXISTS (SELECT FROM pg_depend d
                             WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                               AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i')) f
    LEFT JOIN pg_aggregate a ON a.aggfnoid = f.oid
),
-- pg_attver is what the minor releases of November 2026 count for themselves: no option of a schema.
att AS MATERIALIZED (
  SELECT r.oid AS relid, r.ident AS rel_ident, r.relkind, r.relowner, r.relispartition, a.attnum, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull, a.atthasdef,
         a.attgenerated, a.attidentity, a.attstorage, a.attstattarget, a.attoptions, a.attfdwoptions,
         a.attislocal, a.attacl, a.compression,
         a.attoptions IS NOT NULL AND (cardinality(a.attoptions) > 1
                                       OR left(a.attoptions[1], 10) <> 'pg_attver=') AS has_options,
         CASE WHEN quote_ident(a.attname) = a.attname OR a.attname ~ '^[a-z_][a-z0-9_]*$'
              THEN a.attname::text ELSE quote_ident(a.attname) END AS ident
    FROM rel r
   CROSS JOIN (SELECT NULL::"char" AS attcompression) absent
   CROSS JOIN LATERAL (
         SELECT b.attname, b.attnum, b.atttypid, b.atttypmod, b.attcollation, b.attnotnull,
                b.atthasdef, b.attgenerated, b.attidentity, b.attstorage, b.attstattarget,
                b.attoptions, b.attfdwoptions, b.attislocal, b.attacl,
                attcompression AS compression
           FROM pg_attribute b
          WHERE b.attrelid = r.oid AND b.attnum > 0 AND NOT b.attisdropped) a
   WHERE r.relkind <> 'S'
),
marked AS MATERIALIZED (
  SELECT a.attrelid, a.attnum, a.attstattarget,
         cardinality(a.attoptions) > 1 OR left(a.attoptions[1], 10) <> 'pg_attver=' AS options
    FROM pg_attribute a
   WHERE a.attnum > 0
     AND (a.attstattarget >= 0 OR cardinality(a.attoptions) > 1 OR left(a.attoptions[1], 10) <> 'pg_attver=')
),
-- Letting the server print ten thousand indexes takes longer than all the rest, so it prints only
-- those with options of an operator class.
idx AS MATERIALIZED (
  SELECT r.ident AS table_ident, c.relname, c.relam, c.reloptions, c.relispartition, c.reltablespace, i.*,
         t.options IS NOT TRUE AS plain, t.targets
    FROM rel r
   CROSS JOIN (SELECT NULL::boolean AS indnullsnotdistinct) absent
   CROSS JOIN LATERAL (
         SELECT x.indexrelid, x.indrelid, x.indisunique, x.indisvalid, x.indisready, x.indislive,
                x.indisclustered, x.indisreplident, x.indnatts, x.indnkeyatts, x.indkey, x.indclass,
                x.indcollation, x.indoption, x.indpred, x.indexprs,
                indnullsnotdistinct AS nulls_alike
           FROM pg_index x
          WHERE x.indrelid = r.oid) i
    JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN (SELECT m.attrelid, bool_or(m.options) AS options,
                      string_agg(CASE WHEN m.attstattarget >= 0 THEN m.attnum || ' ' || m.attstattarget END,
                                 ', ' ORDER BY m.attnum) AS targets
                 FROM marked m
                GROUP BY m.attrelid) t ON t.attrelid = i.indexrelid
),
-- The rows come sorted, which is what string_agg keeps to: ten thousand sorts of one row each cost.
idx_key AS MATERIALIZED (
  SELECT s.indexrelid, string_agg(s.ident || s.rest, ', ') FILTER (WHERE s.n < s.indnkeyatts) AS keys,
         string_agg(s.ident, ', ') FILTER (WHERE s.n >= s.indnkeyatts) AS included
    FROM (SELECT k.indexrelid, k.indnkeyatts, k.n, coalesce(a.ident, '(expression)') AS ident,
                 concat(CASE WHEN k.indcollation[k.n] <> coalesce(a.attcollation, 'default'::regcollation)
                              AND k.indcollation[k.n] <> 0
                             THEN ' collate ' || k.indcollation[k.n]::regcollation END,
                   CASE WHEN (o.opcdefault AND o.opcintype = a.atttypid) IS NOT TRUE AND o.oid IS NOT NULL
                        THEN CASE o.opcnamespace WHEN 'pg_catalog'::regnamespace THEN ' '
                                  ELSE ' ' || o.opcnamespace::regnamespace || '.' END || quote_ident(o.opcname) END,
                   CASE WHEN k.indoption[k.n] & 1 <> 0 THEN ' desc' END,
                   CASE WHEN k.indoption[k.n] & 2 <> 0 THEN ' nulls first' END) AS rest
            FROM (SELECT i.indexrelid, i.indrelid, i.indnkeyatts, i.indkey, i.indclass, i.indcollation,
                         i.indoption, generate_series(0, i.indnatts - 1) AS n
                    FROM idx i
                   WHERE i.plain) k
            LEFT JOIN att a ON a.relid = k.indrelid AND a.attnum = k.indkey[k.n]
            LEFT JOIN pg_opclass o ON o.oid = k.indclass[k.n]
           ORDER BY k.indexrelid, k.n) s
   GROUP BY s.indexrelid
),
-- An object: class, kind, identity in three parts (what it is in, name to be quoted, rest), definition;
-- its address; owner and privileges where it has its own; tablespace.
obj (class, kind, parent, name, tail, def, cls, oid, sub, owner, acl, acltype, spc) AS (
  SELECT 'core', 'schema', NULL::text, nspname, NULL::text, ''::text,
         'pg_namespace'::regclass::oid, oid, 0, nspowner, nspacl, 'n'::"char", 0::oid
    FROM ns
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_namespace'::regclass AND m.objid = ns.oid)
  UNION ALL
  SELECT 'core', r.kind, r.parent, r.relname, NULL,
         concat_ws(' ',
           CASE WHEN r.relpersistence = 'u' THEN 'unlogged' END,
           CASE WHEN r.reloftype <> 0 THEN 'of ' || r.reloftype::regtype END,
           CASE WHEN r.relispartition
                THEN 'partition of ' || i.parents || ' ' || pg_get_expr(r.relpartbound, r.oid)
                ELSE 'inherits (' || i.parents || ')' END,
           CASE WHEN i.pending THEN 'detach pending' END,
           CASE WHEN r.relkind = 'p' THEN 'partition by ' || pg_get_partkeydef(r.oid) END,
           CASE WHEN r.relam NOT IN (0, 2) THEN
                'using ' || (SELECT quote_ident(amname) FROM pg_am WHERE pg_am.oid = r.relam) END,
           CASE WHEN r.relkind = 'f' THEN
                (SELECT 'server ' || quote_ident(s.srvname) || ' options ' || coalesce((
                        SELECT array_agg(CASE WHEN o ~* '^[^=]*(pass|secret|token|credential|auth|program)'
                                              THEN substring(o from '^[^=]*=') || 'sha256:'
                                                   || encode(sha256(convert_to(o, 'UTF8')), 'hex')
                                              ELSE o END ORDER BY o COLLATE "C")
                          FROM unnest(f.ftoptions) o)::text, '{}')
                   FROM pg_foreign_table f
                   JOIN pg_foreign_server s ON s.oid = f.ftserver
                  WHERE f.ftrelid = r.oid) END,
           CASE WHEN r.reloptions IS NOT NULL THEN 'with ' || (
                SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(r.reloptions) o)::text END,
           CASE WHEN t.reloptions IS NOT NULL THEN 'toast ' || (
                SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(t.reloptions) o)::text END,
           CASE WHEN r.relrowsecurity THEN 'row security' END,
           CASE WHEN r.relforcerowsecurity THEN 'forced row security' END,
           CASE WHEN r.relkind IN ('r', 'p', 'm') THEN
                CASE r.relreplident WHEN 'f' THEN 'replica identity full'
                                    WHEN 'n' THEN 'replica identity nothing'
                                    WHEN 'i' THEN 'replica identity using index' END END,
           CASE WHEN r.relkind = 'm' AND NOT r.relispopulated THEN 'not populated' END,
           CASE WHEN r.relkind = 'S' THEN q.def END),
         'pg_class'::regclass, r.oid, 0, r.relowner, r.relacl,
         CASE WHEN r.relkind = 'S' THEN 's' ELSE 'r' END::"char", r.reltablespace
    FROM rel r
    LEFT JOIN pg_class t ON t.oid = r.reltoastrelid AND t.reloptions IS NOT NULL
    LEFT JOIN (SELECT h.inhrelid, bool_or(h.pending) AS pending,
                      string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno) AS parents
                 FROM (SELECT NULL::boolean AS inhdetachpending) absent
                CROSS JOIN LATERAL (SELECT inhrelid, inhparent, inhseqno, inhdetachpending AS pending
                                      FROM pg_inherits) h
                GROUP BY h.inhrelid) i ON i.inhrelid = r.oid
    LEFT JOIN (SELECT s.seqrelid,
                      concat_ws(' ', 'as ' || s.seqtypid::regtype, 'start ' || s.seqstart,
                        'increment ' || s.seqincrement, 'minvalue ' || s.seqmin,
                        'maxvalue ' || s.seqmax, 'cache ' || s.seqcache,
                        CASE WHEN s.seqcycle THEN 'cycle' END,
                        CASE d.deptype WHEN 'a' THEN 'owned by ' WHEN 'i' THEN 'identity of ' END
                        || a.rel_ident || '.' || a.ident) AS def
                 FROM pg_sequence s
                 LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid
                      AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass
                      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
                 LEFT JOIN att a ON a.relid = d.refobjid AND a.attnum = d.refobjsubid
              ) q ON q.seqrelid = r.oid AND r.relkind = 'S'
   WHERE r.relkind <> 'c'
  UNION ALL
  SELECT 'core', 'column', a.rel_ident || '.' || a.ident, NULL, NULL,
         concat_ws(' ', format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attcollation <> y.typcollation THEN 'collate ' || a.attcollation::regcollation END,
           CASE WHEN a.attnotnull THEN 'not null' END, n.flags,
           CASE WHEN a.atthasdef THEN
                CASE a.attgenerated WHEN '' THEN 'default ' || pg_get_expr(d.adbin, 0)
                     ELSE 'generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ')'
                          || CASE a.attgenerated WHEN 's' THEN ' stored' ELSE ' virtual' END END END,
           CASE WHEN NOT a.relispartition THEN
                CASE a.attidentity WHEN 'a' THEN 'generated always as identity'
                                   WHEN 'd' THEN 'generated by default as identity' END END,
           CASE WHEN a.attstorage <> y.typstorage AND a.relkind <> 'v' THEN
                'storage ' || CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main'
                                                WHEN 'e' THEN 'external' ELSE 'extended' END END,
           CASE a.compression WHEN 'p' THEN 'compression pglz' WHEN 'l' THEN 'compression lz4' END,
           CASE WHEN a.attstattarget >= 0 THEN 'statistics ' || a.attstattarget END,
           CASE WHEN a.has_options THEN 'options ' || (
                SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(a.attoptions) o
                 WHERE left(o, 10) <> 'pg_attver=')::text END,
           CASE WHEN a.attfdwoptions IS NOT NULL THEN 'fdw options ' || (
                SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(a.attfdwoptions) o)::text END,
           CASE WHEN NOT a.attislocal THEN 'inherited' END),
         'pg_class'::regclass, a.relid, a.attnum, CASE WHEN a.attacl IS NOT NULL THEN a.relowner END,
         a.attacl, 'c', 0
    FROM att a
    JOIN pg_type y ON y.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.relid AND d.adnum = a.attnum
    LEFT JOIN (SELECT c.conrelid, c.conkey[1] AS attnum,
                      concat_ws(' ', CASE WHEN c.connoinherit THEN 'no inherit' END,
                                     CASE WHEN NOT c.convalidated THEN 'not valid' END) AS flags
                 FROM pg_constraint c
                WHERE c.contype = 'n' AND (c.connoinherit OR NOT c.convalidated)
              ) n ON n.conrelid = a.relid AND n.attnum = a.attnum
  UNION ALL
  -- NOT NULL is in the column's row: it is a constraint of its own only from 18 on. Constraint
  -- triggers are triggers; foreign keys that partitioning cloned follow from the first.
  SELECT 'core', 'constraint', r.ident, c.conname, NULL,
         pg_get_constraintdef(c.oid) || CASE WHEN c.conislocal THEN '' ELSE ' inherited' END,
         'pg_constraint'::regclass, c.oid, 0, NULL, NULL, NULL, 0
    FROM pg_constraint c
    JOIN rel r ON r.oid = c.conrelid
   WHERE c.contype IN ('c', 'f', 'p', 'u', 'x') AND NOT (c.contype = 'f' AND c.conparentid <> 0)
  UNION ALL
  SELECT 'core', 'domain constraint', t.ident, c.conname, NULL, pg_get_constraintdef(c.oid),
         'pg_constraint'::regclass, c.oid, 0, NULL, NULL, NULL, 0
    FROM pg_constraint c
    JOIN typ t ON t.oid = c.contypid
   WHERE c.contypid <> 0 AND c.contype = 'c'
  UNION ALL
  SELECT 'core', 'index', i.table_ident, i.relname, NULL,
         concat_ws(' ',
           CASE WHEN i.plain
                THEN concat_ws(' ', CASE WHEN i.indisunique THEN 'unique' END, 'using', m.amname,
                       '(' || k.keys || ')', 'of ' || pg_get_expr(i.indexprs, i.indrelid), 'include (' || k.included || ')',
                       CASE WHEN i.nulls_alike THEN 'nulls not distinct' END,
                       CASE WHEN i.reloptions IS NOT NULL THEN 'with ' || (
                            SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(i.reloptions) o)::text END,
                       'where ' || pg_get_expr(i.indpred, i.indrelid))
                ELSE pg_get_indexdef(i.indexrelid) END,
           CASE WHEN NOT i.indisvalid THEN 'invalid' END,
           CASE WHEN NOT (i.indisready AND i.indislive) THEN 'not ready' END,
           CASE WHEN i.indisclustered THEN 'clustered' END,
           CASE WHEN i.indisreplident THEN 'replica identity' END,
           'statistics ' || i.targets,
           'part of ' || h.inhparent::regclass),
         'pg_class'::regclass, i.indexrelid, 0, NULL, NULL, NULL, i.reltablespace
    FROM idx i
    JOIN pg_am m ON m.oid = i.relam
    LEFT JOIN idx_key k ON k.indexrelid = i.indexrelid
    LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid AND i.relispartition
  UNION ALL
  -- A trigger that partitioning cloned is seen only where it is switched otherwise than the first.
  SELECT 'core', 'trigger', r.ident, g.tgname, NULL,
         concat_ws(' ', CASE WHEN g.tgparentid = 0 THEN pg_get_triggerdef(g.oid)
                             ELSE 'as on the parent' END,
           CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END),
         'pg_trigger'::regclass, g.oid, 0, NULL, NULL, NULL, 0
    FROM pg_trigger g
    JOIN rel r ON r.oid = g.tgrelid
    LEFT JOIN pg_trigger first ON first.oid = g.tgparentid AND g.tgparentid <> 0
   WHERE CASE WHEN g.tgparentid = 0 THEN NOT g.tgisinternal
              ELSE g.tgenabled <> first.tgenabled AND NOT EXISTS (
                   SELECT FROM pg_constraint c WHERE c.oid = g.tgconstraint AND c.contype <> 't') END
  UNION ALL
  SELECT 'core', 'system triggers', r.parent, r.relname, NULL,
         string_agg(DISTINCT CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                              ELSE 'always' END, ', '),
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM pg_trigger g
    JOIN rel r ON r.oid = g.tgrelid
    JOIN pg_constraint c ON c.oid = g.tgconstraint AND c.contype <> 't'
   WHERE g.tgisinternal AND g.tgenabled <> 'O'
   GROUP BY r.parent, r.relname
  UNION ALL
  SELECT 'core', 'rule', r.ident, w.rulename, NULL,
         concat_ws(' ', 'on', CASE w.ev_type WHEN '1' THEN 'select' WHEN '2' THEN 'update'
                                             WHEN '3' THEN 'insert' ELSE 'delete' END,
           CASE WHEN w.is_instead THEN 'instead' ELSE 'also' END,
           CASE w.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END),
         'pg_rewrite'::regclass, w.oid, 0, NULL, NULL, NULL, 0
    FROM pg_rewrite w
    JOIN rel r ON r.oid = w.ev_class
   WHERE w.rulename <> '_RETURN'
  UNION ALL
  SELECT 'core', 'policy', r.ident, p.polname, NULL,
         concat_ws(' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
           'for ' || CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                                   WHEN 'd' THEN 'delete' ELSE 'all' END,
           'to ' || (SELECT string_agg(CASE WHEN x = 0 THEN 'PUBLIC'
                                            WHEN pg_get_userbyid(x) = $2::text THEN '<owner>'
                                            ELSE coalesce($4::jsonb ->> ('role ' || pg_get_userbyid(x)), quote_ident(pg_get_userbyid(x))) END, ', '
                                       ORDER BY pg_get_userbyid(x) COLLATE "C")
                       FROM unnest(p.polroles) x),
           'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
           'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
         'pg_policy'::regclass, p.oid, 0, NULL, NULL, NULL, 0
    FROM pg_policy p
    JOIN rel r ON r.oid = p.polrelid
  UNION ALL
  SELECT 'core', 'statistics', n.ident, s.stxname, NULL,
         concat_ws(' ', pg_get_statisticsobjdef(s.oid),
           CASE WHEN s.stxstattarget >= 0 THEN 'statistics ' || s.stxstattarget END),
         'pg_statistic_ext'::regclass, s.oid, 0, s.stxowner, NULL, NULL, 0
    FROM pg_statistic_ext s
    JOIN ns n ON n.oid = s.stxnamespace
  UNION ALL
  -- The body of a function in the SQL standard's form is printed from a tree: its own row.
  SELECT 'core', 'function', ident, NULL, NULL,
         CASE WHEN parsed THEN regexp_replace(def, E'\n(BEGIN ATOMIC\n|RETURN ).*$', '') ELSE def END,
         'pg_proc'::regclass, oid, 0, proowner, proacl, 'f', 0
    FROM fun
  UNION ALL
  SELECT 'core', t.kind, t.parent, t.typname, NULL,
         CASE t.typtype
           WHEN 'e' THEN e.labels
           WHEN 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
                CASE WHEN t.typcollation <> b.typcollation THEN 'collate ' || t.typcollation::regcollation END,
                CASE WHEN t.typnotnull THEN 'not null' END,
                'default ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)))
           WHEN 'r' THEN concat_ws(' ', 'subtype ' || g.rngsubtype::regtype,
                'opclass ' || (SELECT o.opcnamespace::regnamespace || '.' || quote_ident(o.opcname)
                                 FROM pg_opclass o WHERE o.oid = g.rngsubopc),
                'collation ' || nullif(g.rngcollation, 0)::regcollation,
                'canonical ' || nullif(g.rngcanonical::oid, 0)::regproc,
                'subtype_diff ' || nullif(g.rngsubdiff::oid, 0)::regproc,
                'multirange ' || g.multirange::regtype)
           WHEN 'b' THEN concat_ws(' ', 'input ' || t.typinput, 'output ' || t.typoutput,
                'receive ' || nullif(t.typreceive::oid, 0)::regproc,
                'send ' || nullif(t.typsend::oid, 0)::regproc,
                'typmod_in ' || nullif(t.typmodin::oid, 0)::regproc,
                'typmod_out ' || nullif(t.typmodout::oid, 0)::regproc,
                'analyze ' || nullif(t.typanalyze::oid, 0)::regproc,
                'subscript ' || nullif(t.subscript::oid, 0)::regproc,
                'internallength ' || t.typlen, CASE WHEN t.typbyval THEN 'passedbyvalue' END,
                'alignment ' || t.typalign::text, 'storage ' || t.typstorage::text,
                'category ' || quote_literal(t.typcategory::text),
                CASE WHEN t.typispreferred THEN 'preferred' END,
                'default ' || quote_literal(t.typdefault),
                'element ' || nullif(t.typelem, 0)::regtype,
                'delimiter ' || quote_literal(t.typdelim::text),
                CASE WHEN t.typcollation <> 0 THEN 'collatable' END)
           ELSE '' END,
         'pg_type'::regclass, t.oid, 0, t.typowner, t.typacl, 'T', 0
    FROM typ t
    LEFT JOIN (SELECT enumtypid, string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) AS labels
                 FROM pg_enum GROUP BY enumtypid) e ON e.enumtypid = t.oid
    LEFT JOIN (SELECT r.*
                 FROM (SELECT NULL::oid AS rngmultitypid) absent
                CROSS JOIN LATERAL (SELECT rngtypid, rngsubtype, rngsubopc, rngcollation, rngcanonical,
                                           rngsubdiff, rngmultitypid AS multirange
                                      FROM pg_range) r) g ON g.rngtypid = t.oid
    LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
  UNION ALL
  SELECT 'core', 'cast', format_type(c.castsource, NULL) || ' as ' || format_type(c.casttarget, NULL),
         NULL, NULL,
         concat_ws(' ', CASE c.castmethod WHEN 'i' THEN 'with inout' WHEN 'b' THEN 'without function'
                                          ELSE 'with function ' || c.castfunc::regprocedure END,
           CASE c.castcontext WHEN 'i' THEN 'as implicit' WHEN 'a' THEN 'as assignment' END),
         'pg_cast'::regclass, c.oid, 0, NULL, NULL, NULL, 0
    FROM pg_cast c
   WHERE c.oid >= 16384
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid
                        AND d.deptype IN ('e', 'i'))
  UNION ALL
  SELECT 'core', 'transform',
         format_type(f.trftype, NULL) || ' language ' || quote_ident(l.lanname), NULL, NULL,
         concat_ws(' ', 'from sql ' || nullif(f.trffromsql::oid, 0)::regprocedure,
                        'to sql ' || nullif(f.trftosql::oid, 0)::regprocedure),
         'pg_transform'::regclass, f.oid, 0, NULL, NULL, NULL, 0
    FROM pg_transform f
    JOIN pg_language l ON l.oid = f.trflang
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_transform'::regclass AND m.objid = f.oid)
  UNION ALL
  SELECT 'core', 'operator', n.ident || '.' || o.oprname || '('
         || CASE WHEN o.oprleft = 0 THEN 'none' ELSE format_type(o.oprleft, NULL) END || ', '
         || CASE WHEN o.oprright = 0 THEN 'none' ELSE format_type(o.oprright, NULL) END || ')', NULL, NULL,
         concat_ws(' ', CASE WHEN o.oprcode = 0 THEN 'shell' ELSE 'function ' || o.oprcode END,
           'returns ' || nullif(o.oprresult, 0)::regtype,
           'commutator ' || nullif(o.oprcom, 0)::regoperator,
           'negator ' || nullif(o.oprnegate, 0)::regoperator,
           'restrict ' || nullif(o.oprrest::oid, 0)::regproc,
           'join ' || nullif(o.oprjoin::oid, 0)::regproc,
           CASE WHEN o.oprcanmerge THEN 'merges' END, CASE WHEN o.oprcanhash THEN 'hashes' END),
         'pg_operator'::regclass, o.oid, 0, o.oprowner, NULL, NULL, 0
    FROM pg_operator o
    JOIN ns n ON n.oid = o.oprnamespace
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid)
  UNION ALL
  SELECT 'core', 'operator class', n.ident, c.opcname, ' using ' || quote_ident(am.amname),
         concat_ws(' ', CASE WHEN c.opcdefault THEN 'default' END,
           'for type ' || format_type(c.opcintype, NULL),
           'family ' || f.opfnamespace::regnamespace || '.' || quote_ident(f.opfname),
           'storage ' || nullif(c.opckeytype, 0)::regtype,
           (SELECT string_agg('operator ' || x.amopstrategy || ' ' || x.amopopr::regoperator
                   || CASE WHEN x.amopsortfamily <> 0 THEN ' for order by '
                           || (SELECT s.opfnamespace::regnamespace || '.' || quote_ident(s.opfname)
                                 FROM pg_opfamily s WHERE s.oid = x.amopsortfamily) ELSE '' END,
                   ', ' ORDER BY x.amopstrategy, x.amopopr::regoperator::text COLLATE "C")
              FROM pg_amop x
             WHERE x.amopfamily = c.opcfamily AND x.amoplefttype = c.opcintype),
           (SELECT string_agg('function ' || x.amprocnum || ' (' || format_type(x.amproclefttype, NULL)
                   || ', ' || format_type(x.amprocrighttype, NULL) || ') ' || x.amproc::regprocedure,
                   ', ' ORDER BY x.amprocnum, format_type(x.amprocrighttype, NULL) COLLATE "C")
              FROM pg_amproc x
             WHERE x.amprocfamily = c.opcfamily AND x.amproclefttype = c.opcintype)),
         'pg_opclass'::regclass, c.oid, 0, c.opcowner, NULL, NULL, 0
    FROM pg_opclass c
    JOIN ns n ON n.oid = c.opcnamespace
    JOIN pg_am am ON am.oid = c.opcmethod
    JOIN pg_opfamily f ON f.oid = c.opcfamily
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_opclass'::regclass AND m.objid = c.oid)
  UNION ALL
  SELECT 'core', 'operator family', n.ident, f.opfname, ' using ' || quote_ident(am.amname),
         concat_ws(' ',
           (SELECT string_agg('operator ' || x.amopstrategy || ' ' || x.amopopr::regoperator
                   || CASE WHEN x.amopsortfamily <> 0 THEN ' for order by '
                           || (SELECT s.opfnamespace::regnamespace || '.' || quote_ident(s.opfname)
                                 FROM pg_opfamily s WHERE s.oid = x.amopsortfamily) ELSE '' END,
                   ', ' ORDER BY x.amopstrategy, x.amopopr::regoperator::text COLLATE "C")
              FROM pg_amop x WHERE x.amopfamily = f.oid),
           (SELECT string_agg('function ' || x.amprocnum || ' (' || format_type(x.amproclefttype, NULL)
                   || ', ' || format_type(x.amprocrighttype, NULL) || ') ' || x.amproc::regprocedure,
                   ', ' ORDER BY x.amprocnum, format_type(x.amproclefttype, NULL) COLLATE "C",
                                 format_type(x.amprocrighttype, NULL) COLLATE "C")
              FROM pg_amproc x WHERE x.amprocfamily = f.oid)),
         'pg_opfamily'::regclass, f.oid, 0, f.opfowner, NULL, NULL, 0
    FROM pg_opfamily f
    JOIN ns n ON n.oid = f.opfnamespace
    JOIN pg_am am ON am.oid = f.opfmethod
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_opfamily'::regclass AND m.objid = f.oid)
  UNION ALL
  -- Where a locale stands has changed: 13 and 14 keep ICU's in collcollate.
  SELECT 'core', 'collation', n.ident, c.collname,
         CASE WHEN c.collencoding = -1 THEN '' ELSE ' for ' || pg_encoding_to_char(c.collencoding) END,
         concat_ws(' ', 'provider ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
                                            WHEN 'b' THEN 'builtin' ELSE 'default' END,
           'locale ' || quote_literal(coalesce(j ->> 'colllocale', j ->> 'colliculocale',
                        CASE WHEN c.collprovider = 'i' THEN j ->> 'collcollate' END)),
           CASE WHEN c.collprovider <> 'i' THEN 'lc_collate ' || quote_literal(j ->> 'collcollate') END,
           CASE WHEN c.collprovider <> 'i' THEN 'lc_ctype ' || quote_literal(j ->> 'collctype') END,
           'rules ' || quote_literal(j ->> 'collicurules'),
           CASE WHEN NOT c.collisdeterministic THEN 'not deterministic' END),
         'pg_collation'::regclass, c.oid, 0, c.collowner, NULL, NULL, 0
    FROM pg_collation c
    JOIN ns n ON n.oid = c.collnamespace
   CROSS JOIN LATERAL to_jsonb(c) j
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_collation'::regclass AND m.objid = c.oid)
  UNION ALL
  SELECT 'core', 'conversion', n.ident, c.conname, NULL,
         concat_ws(' ', CASE WHEN c.condefault THEN 'default' END, 'for',
           pg_encoding_to_char(c.conforencoding), 'to', pg_encoding_to_char(c.contoencoding),
           'from', c.conproc),
         'pg_conversion'::regclass, c.oid, 0, c.conowner, NULL, NULL, 0
    FROM pg_conversion c
    JOIN ns n ON n.oid = c.connamespace
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_conversion'::regclass AND m.objid = c.oid)
  UNION ALL
  SELECT 'core', 'text search configuration', n.ident, c.cfgname, NULL,
         concat_ws(' ', 'parser', (SELECT p.prsnamespace::regnamespace || '.' || quote_ident(p.prsname)
                                     FROM pg_ts_parser p WHERE p.oid = c.cfgparser),
           (SELECT string_agg('token ' || x.maptokentype || ' ' || x.dictionaries, ' ' ORDER BY x.maptokentype)
              FROM (SELECT m.maptokentype, string_agg(m.mapdict::regdictionary::text, ', '
                                                      ORDER BY m.mapseqno) AS dictionaries
                      FROM pg_ts_config_map m WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) x)),
         'pg_ts_config'::regclass, c.oid, 0, c.cfgowner, NULL, NULL, 0
    FROM pg_ts_config c
    JOIN ns n ON n.oid = c.cfgnamespace
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_ts_config'::regclass AND m.objid = c.oid)
  UNION ALL
  SELECT 'core', 'text search dictionary', n.ident, d.dictname, NULL,
         concat_ws(' ', 'template ' || t.tmplnamespace::regnamespace || '.' || quote_ident(t.tmplname),
                        'options ' || d.dictinitoption),
         'pg_ts_dict'::regclass, d.oid, 0, d.dictowner, NULL, NULL, 0
    FROM pg_ts_dict d
    JOIN ns n ON n.oid = d.dictnamespace
    JOIN pg_ts_template t ON t.oid = d.dicttemplate
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_ts_dict'::regclass AND m.objid = d.oid)
  UNION ALL
  SELECT 'core', 'text search parser', n.ident, p.prsname, NULL,
         concat_ws(' ', 'start ' || p.prsstart, 'gettoken ' || p.prstoken, 'end ' || p.prsend,
           'headline ' || nullif(p.prsheadline::oid, 0)::regproc, 'lextypes ' || p.prslextype),
         'pg_ts_parser'::regclass, p.oid, 0, NULL, NULL, NULL, 0
    FROM pg_ts_parser p
    JOIN ns n ON n.oid = p.prsnamespace
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_ts_parser'::regclass AND m.objid = p.oid)
  UNION ALL
  SELECT 'core', 'text search template', n.ident, t.tmplname, NULL,
         concat_ws(' ', 'init ' || nullif(t.tmplinit::oid, 0)::regproc, 'lexize ' || t.tmpllexize),
         'pg_ts_template'::regclass, t.oid, 0, NULL, NULL, NULL, 0
    FROM pg_ts_template t
    JOIN ns n ON n.oid = t.tmplnamespace
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_ts_template'::regclass AND m.objid = t.oid)
  UNION ALL
  SELECT 'core', 'access method', NULL, a.amname, NULL,
         'type ' || CASE a.amtype WHEN 't' THEN 'table' ELSE 'index' END || ' handler ' || a.amhandler,
         'pg_am'::regclass, a.oid, 0, NULL, NULL, NULL, 0
    FROM pg_am a
   WHERE a.oid >= 16384
     AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_am'::regclass AND m.objid = a.oid)
  UNION ALL
  SELECT 'core', 'language', NULL, l.lanname, NULL,
         concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'trusted' END,
           'handler ' || l.lanplcallfoid::regproc, 'inline ' || nullif(l.laninline, 0)::regproc,
           'validator ' || nullif(l.lanvalidator, 0)::regproc),
         'pg_language'::regclass, l.oid, 0, l.lanowner, l.lanacl, 'l', 0
    FROM pg_language l
   WHERE l.lanispl
     AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_language'::regclass AND m.objid = l.oid)
  UNION ALL
  -- The comment of an extension comes from its control file.
  SELECT 'core', 'extension', NULL, e.extname, NULL, 'schema ' || e.extnamespace::regnamespace,
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM pg_extension e
  UNION ALL
  SELECT 'env', 'extension version', NULL, e.extname, NULL, e.extversion,
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM pg_extension e
  UNION ALL
  SELECT 'core', 'event trigger', NULL, e.evtname, NULL,
         concat_ws(' ', 'on ' || e.evtevent,
           'when tag in ' || (SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(e.evttags) o)::text,
           'execute ' || e.evtfoid::regprocedure,
           CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END),
         'pg_event_trigger'::regclass, e.oid, 0, e.evtowner, NULL, NULL, 0
    FROM pg_event_trigger e
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)
  UNION ALL
  -- Options of wrappers, servers and user mappings are never read: passwords live there.
  SELECT 'core', 'foreign data wrapper', NULL, f.fdwname, NULL,
         concat_ws(' ', 'handler ' || nullif(f.fdwhandler, 0)::regproc,
                        'validator ' || nullif(f.fdwvalidator, 0)::regproc),
         'pg_foreign_data_wrapper'::regclass, f.oid, 0, f.fdwowner, f.fdwacl, 'F', 0
    FROM pg_foreign_data_wrapper f
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = f.oid)
  UNION ALL
  SELECT 'core', 'server', NULL, s.srvname, NULL,
         concat_ws(' ', 'wrapper ' || quote_ident(f.fdwname), 'type ' || quote_literal(s.srvtype),
                        'version ' || quote_literal(s.srvversion)),
         'pg_foreign_server'::regclass, s.oid, 0, s.srvowner, s.srvacl, 'S', 0
    FROM pg_foreign_server s
    JOIN pg_foreign_data_wrapper f ON f.oid = s.srvfdw
   WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_foreign_server'::regclass AND m.objid = s.oid)
  UNION ALL
  SELECT 'env', 'user mapping',
         quote_ident(u.srvname) || ' for ' || CASE WHEN u.umuser = 0 THEN 'PUBLIC'
              WHEN u.usename = $2::text THEN '<owner>' ELSE coalesce($4::jsonb ->> ('role ' || u.usename), quote_ident(u.usename)) END, NULL, NULL, '',
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM pg_user_mappings u
  UNION ALL
  SELECT 'env', 'publication', NULL, p.pubname, NULL,
         concat_ws(' ', CASE WHEN p.puballtables THEN 'all tables' END,
           CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
           CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END,
           CASE WHEN p.pubviaroot THEN 'via root' END,
           'generated columns ' || CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'stored' END),
         'pg_publication'::regclass, p.oid, 0, p.pubowner, NULL, NULL, 0
    FROM pg_publication p
  UNION ALL
  SELECT 'env', 'publication table', quote_ident(p.pubname) || ' ' || r.ident, NULL, NULL,
         concat_ws(' ',
           '(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                     FROM pg_attribute a
                    WHERE a.attrelid = r.oid AND a.attnum = ANY (t.attributes::int2[])) || ')',
           'where ' || pg_get_expr(t.qualification, r.oid)),
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM (SELECT NULL::pg_node_tree AS prqual, NULL::int2vector AS prattrs) absent
   CROSS JOIN LATERAL (SELECT prpubid, prrelid, prqual AS qualification, prattrs AS attributes
                         FROM pg_publication_rel) t
    JOIN pg_publication p ON p.oid = t.prpubid
    JOIN rel r ON r.oid = t.prrelid
  UNION ALL
  -- pg_publication_namespace is not there before 15, but what depends on what says the same.
  SELECT 'env', 'publication schema', quote_ident(p.pubname) || ' ' || n.ident, NULL, NULL, '',
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM pg_depend d
    JOIN pg_publication p ON p.oid = d.refobjid
    JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid
         AND s.refclassid = 'pg_namespace'::regclass
    JOIN ns n ON n.oid = s.refobjid
   WHERE d.classid = to_regclass('pg_catalog.pg_publication_namespace')
     AND d.refclassid = 'pg_publication'::regclass
  UNION ALL
  -- What a dump restores otherwise (enabled, slot) is env. The connection string is for superusers.
  SELECT x.class, x.kind, NULL, s.subname, NULL, x.def,
         NULL, NULL, 0, CASE WHEN x.class = 'core' THEN s.subowner END, NULL, NULL, 0
    FROM (SELECT NULL::boolean AS subbinary, NULL::boolean AS substream, NULL::"char" AS subtwophasestate,
                 NULL::boolean AS subdisableonerr, NULL::boolean AS subpasswordrequired,
                 NULL::boolean AS subrunasowner, NULL::boolean AS subfailover,
                 NULL::text AS suborigin) absent
   CROSS JOIN LATERAL (
         SELECT u.subname, u.subdbid, u.subowner, u.subenabled, u.subslotname, u.subpublications,
                subbinary AS bin, substream::text AS stream, subtwophasestate AS two_phase,
                subdisableonerr AS stops, subpasswordrequired AS password,
                subrunasowner AS as_owner, subfailover AS failover, suborigin AS origin
           FROM pg_subscription u) s
   CROSS JOIN LATERAL (VALUES
         ('core', 'subscription',
          concat_ws(' ', 'publications ' || (SELECT array_agg(o ORDER BY o COLLATE "C")
                                               FROM unnest(s.subpublications) o)::text,
            CASE WHEN s.bin THEN 'binary' END,
            CASE s.stream WHEN 't' THEN 'streaming' WHEN 'true' THEN 'streaming'
                          WHEN 'p' THEN 'streaming parallel' END,
            CASE WHEN s.two_phase <> 'd' THEN 'two phase' END,
            CASE WHEN s.stops THEN 'disable on error' END,
            CASE WHEN NOT s.password THEN 'password not required' END,
            CASE WHEN s.as_owner THEN 'run as owner' END,
            CASE WHEN s.failover THEN 'failover' END,
            'origin ' || nullif(s.origin, 'any'))),
         ('env', 'subscription state',
          concat_ws(' ', CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END,
                         'slot ' || quote_ident(s.subslotname)))) x (class, kind, def)
   WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL
  -- The value of a parameter with a dot in its name is shown as a hash: who knows what it holds.
  SELECT 'env', CASE WHEN s.setrole = 0 THEN 'database setting' ELSE 'role setting' END,
         CASE WHEN s.setrole = 0 THEN NULL WHEN pg_get_userbyid(s.setrole) = $2::text THEN '<owner>'
              ELSE coalesce($4::jsonb ->> ('role ' || pg_get_userbyid(s.setrole)), quote_ident(pg_get_userbyid(s.setrole))) END,
         split_part(o, '=', 1)::name, NULL,
         CASE WHEN split_part(o, '=', 1) LIKE '%.%'
              THEN 'sha256:' || encode(sha256(convert_to(o, 'UTF8')), 'hex')
              ELSE substr(o, strpos(o, '=') + 1) END,
         NULL, NULL, 0, NULL, NULL, NULL, 0
    FROM pg_db_role_setting s
   CROSS JOIN LATERAL unnest(s.setconfig) o
   WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL
  SELECT 'env', 'default acl',
         concat_ws(' ', CASE WHEN pg_get_userbyid(d.defaclrole) = $2::text THEN '<owner>'
                             ELSE coalesce($4::jsonb ->> ('role ' || pg_get_userbyid(d.defaclrole)), quote_ident(pg_get_userbyid(d.defaclrole))) END,
           'in ' || n.ident, CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
                ELSE 'large objects' END),
         NULL, NULL, NULL, NULL, NULL, 0, d.defaclrole, d.defaclacl,
         CASE WHEN d.defaclnamespace <> 0 THEN 'c' WHEN d.defaclobjtype = 'S' THEN 's'
              ELSE d.defaclobjtype END, 0
    FROM pg_default_acl d
    LEFT JOIN ns n ON n.oid = d.defaclnamespace
   WHERE d.defaclnamespace = 0 OR n.oid IS NOT NULL
  UNION ALL
  SELECT 'env', 'database', NULL, NULL, 'database', NULL, NULL, NULL, 0, d.datdba, d.datacl, 'd', 0
    FROM pg_database d
   WHERE d.datname = current_database()
),
named AS MATERIALIZED (
  SELECT o.class, o.kind, o.def, o.cls, o.oid, o.sub, o.owner, o.acl, o.acltype, o.spc,
         concat(o.parent || CASE WHEN o.name IS NOT NULL THEN '.' ELSE '' END,
                CASE WHEN quote_ident(o.name) = o.name OR o.name ~ '^[a-z_][a-z0-9_]*$' THEN o.name::text
                     ELSE quote_ident(o.name) END, o.tail) AS ident
    FROM obj o
),
-- Privileges as what differs from those an object has by itself, per grantee: a NULL ACL and its
-- equal in full are the same. An owner's MAINTAIN (17) goes without saying, all of a kind is ALL.
-- Each ACL once: many objects have the same.
granted AS MATERIALIZED (
  SELECT n.kind, n.ident, n.owner, n.acltype, n.acl::text AS items
    FROM named n
   WHERE n.acl IS NOT NULL
),
item AS (
  SELECT a.owner, a.acltype, a.items, s.own, a.possible, e.grantee, e.privilege, e.grantable
    FROM (SELECT g.owner, g.acltype, g.items, acldefault(g.acltype, g.owner) AS preset,
                 (SELECT count(*) FROM aclexplode(acldefault(g.acltype, g.owner)) x
                   WHERE x.grantee = g.owner
                 ) AS possible
            FROM (SELECT DISTINCT owner, acltype, items FROM granted) g) a
   CROSS JOIN LATERAL (VALUES (true, a.items::aclitem[]), (false, a.preset)) s (own, items)
   CROSS JOIN LATERAL aclexplode(s.items) x
   CROSS JOIN LATERAL (
         SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC'
                     WHEN pg_get_userbyid(x.grantee) = $2::text THEN '<owner>'
                     ELSE coalesce($4::jsonb ->> ('role ' || pg_get_userbyid(x.grantee)), quote_ident(pg_get_userbyid(x.grantee))) END
                || CASE WHEN x.grantor = a.owner THEN ''
                        WHEN pg_get_userbyid(x.grantor) = $2::text THEN ' by <owner>'
                        ELSE ' by ' || coalesce($4::jsonb ->> ('role ' || pg_get_userbyid(x.grantor)), quote_ident(pg_get_userbyid(x.grantor))) END,
                x.privilege_type, x.is_grantable AND x.grantee <> a.owner
         ) e (grantee, privilege, grantable)
   WHERE NOT (x.privilege_type = 'MAINTAIN' AND x.grantee = a.owner)
),
privilege AS (
  SELECT g.kind, g.ident, d.acl
    FROM granted g
    JOIN (SELECT i.owner, i.acltype, i.items,
                 string_agg(i.grantee || '=' || coalesce(i.own, ''), ', ' ORDER BY i.grantee COLLATE "C") AS acl
            FROM (SELECT owner, acltype, items, grantee,
                         max(privileges) FILTER (WHERE own) AS own,
                         max(privileges) FILTER (WHERE NOT own) AS preset
                    FROM (SELECT owner, acltype, items, own, grantee,
                                 CASE WHEN count(*) = possible AND NOT bool_or(grantable) THEN 'ALL'
                                      WHEN count(*) = possible AND bool_and(grantable) THEN 'ALL*'
                                      ELSE string_agg(privilege || CASE WHEN grantable THEN '*' ELSE '' END,
                                                      '+' ORDER BY privilege COLLATE "C") END AS privileges
                            FROM item
                           GROUP BY owner, acltype, items, own, possible, grantee) each
                   GROUP BY owner, acltype, items, grantee) i
           WHERE i.own IS DISTINCT FROM i.preset
           GROUP BY i.owner, i.acltype, i.items) d
      ON d.owner = g.owner AND d.acltype = g.acltype AND d.items = g.items
),
addressed AS (
  SELECT kind, ident, cls, oid, sub FROM named WHERE cls IS NOT NULL
  UNION ALL
  SELECT DISTINCT 'subscription', quote_ident(subname), 'pg_subscription'::regclass::oid, subid, 0
    FROM pg_stat_subscription
),
aspect (class, kind, ident, def) AS (
  SELECT class, kind, ident, def FROM named WHERE kind NOT IN ('default acl', 'database')
  UNION ALL
  SELECT 'core', 'column order', rel_ident, string_agg(ident, ', ' ORDER BY attnum)
    FROM att GROUP BY relid, rel_ident
  UNION ALL
  SELECT 'deparse', r.kind || ' text', r.ident, pg_get_viewdef(r.oid)
    FROM rel r WHERE r.relkind IN ('v', 'm')
  UNION ALL
  SELECT 'deparse', 'rule text', r.ident || '.' || CASE WHEN w.rulename ~ '^[a-z_][a-z0-9_]*$' THEN w.rulename::text
                                                     ELSE quote_ident(w.rulename) END, pg_get_ruledef(w.oid)
    FROM pg_rewrite w
    JOIN rel r ON r.oid = w.ev_class
   WHERE w.rulename <> '_RETURN'
  UNION ALL
  SELECT 'deparse', 'function body', ident, substring(def from E'\n((?:BEGIN ATOMIC\n|RETURN ).*)$')
    FROM fun
   WHERE parsed
  UNION ALL
  SELECT 'env', 'owner', kind || ' ' || ident,
         CASE WHEN pg_get_userbyid(owner) = $2::text THEN '<owner>'
              ELSE coalesce($4::jsonb ->> ('role ' || pg_get_userbyid(owner)), quote_ident(pg_get_userbyid(owner))) END
    FROM named
   WHERE owner IS NOT NULL AND kind NOT IN ('column', 'default acl', 'database')
  UNION ALL
  SELECT 'env', CASE kind WHEN 'default acl' THEN kind ELSE 'acl' END,
         CASE kind WHEN 'default acl' THEN ident WHEN 'database' THEN ident
                   ELSE kind || ' ' || ident END, acl
    FROM privilege
  UNION ALL
  -- An object of initdb's comes with a comment: the schema public.
  SELECT 'env', 'comment', a.kind || ' ' || a.ident, d.description
    FROM pg_description d
    JOIN addressed a ON a.cls = d.classoid AND a.oid = d.objoid AND a.sub = d.objsubid
   WHERE NOT (a.kind = 'schema' AND a.ident = 'public' AND d.description = 'standard public schema')
  UNION ALL
  SELECT 'env', 'security label', l.provider || ' ' || a.kind || ' ' || a.ident, l.label
    FROM pg_seclabel l
    JOIN addressed a ON a.cls = l.classoid AND a.oid = l.objoid AND a.sub = l.objsubid
  UNION ALL
  SELECT 'env', 'tablespace', n.kind || ' ' || n.ident, coalesce($4::jsonb ->> ('tablespace ' || t.spcname), quote_ident(t.spcname))
    FROM named n
    JOIN pg_tablespace t ON t.oid = n.spc
   WHERE n.spc <> 0
)
SELECT class, kind, ident AS identity,
       encode(sha256(convert_to(coalesce(def, ''), 'UTF8')), 'hex') AS hash,
       CASE WHEN $3::boolean THEN coalesce(def, '') END AS definition
  FROM aspect
