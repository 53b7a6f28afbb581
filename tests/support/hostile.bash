# shellcheck shell=bash
# Names that somebody who may CREATE in a schema puts there, to be taken for the server's own: for
# hostile_names.bats. To be loaded behind common.bash.
#
# For every function that our SQL texts name and that pg_catalog has, functions of that name whose
# arguments differ from a signature of the server's in one place: the better match wherever one of
# ours is called with that type. For every operator, the same of all pairs of types. Each says in the
# server's log that it was called, which no rollback undoes, with the caller's application_name.

# What the SQL texts of ours call: names before a parenthesis.
called_names() {
    cat "$TOP"/applier/sql/*.sql "$TOP"/applier/*/*.c | grep -oE '[a-z_][a-z0-9_]* ?\(' | tr -d ' (' | sort -u
}

# plant CONNINFO SCHEMA WHICH: WHICH is `crossed`, or `all`: also with the very arguments of the
# server's. What is planted is left in the table planted.counts.
plant() {
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" -v names="$(called_names)" -v schema="$2" \
        -v which="$3" <<'SQL'
SET check_function_bodies = off;
SET search_path = pg_catalog, pg_temp; -- not what is planted
SELECT set_config('plant.names', :'names', false), set_config('plant.schema', :'schema', false),
       set_config('plant.which', :'which', false) \g /dev/null
CREATE TEMP TABLE type AS SELECT unnest('{text,varchar,name,"\"char\"",oid,int2,int4,int8,bool,numeric,
    text[],name[],"\"char\"[]",int2[],oid[],regclass,timestamptz,jsonb,xid}'::regtype[]) AS type;
-- the server's signatures; what is written for any type is one of text, or of name
CREATE TEMP TABLE signature AS
SELECT DISTINCT p.proname, ARRAY(SELECT CASE WHEN t.typtype <> 'p' THEN t.oid::regtype
                                             WHEN t.typname ~ 'array$' THEN anything.its_array
                                             ELSE anything.type END
                                   FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
                                   JOIN pg_type t ON t.oid = a.type ORDER BY a.place) AS types,
       CASE WHEN r.typtype = 'p' OR r.typname = 'cstring' THEN 'text'::regtype ELSE r.oid::regtype END AS result,
       p.proretset
  FROM pg_proc p JOIN pg_type r ON r.oid = p.prorettype,
       (VALUES ('text'::regtype, 'text[]'::regtype), ('name', 'name[]')) AS anything (type, its_array)
 WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proallargtypes IS NULL
   AND p.proname = ANY (string_to_array(current_setting('plant.names'), E'\n'))
   AND p.pronargs BETWEEN 1 AND 4 AND 'internal'::regtype <> ALL (p.proargtypes::oid[]);
-- what takes any number of arguments
INSERT INTO signature SELECT name, array_fill('text'::regtype, ARRAY[n]), 'text', false
  FROM unnest('{concat,format,jsonb_build_object,coalesce,greatest}'::text[]) AS name, generate_series(2, 6) AS n;
DO $plant$
DECLARE
    s record;
    made bigint := 0;
BEGIN
    FOR s IN
        SELECT DISTINCT ON (proname, types) proname, types, result, proretset
          FROM (SELECT proname, result, proretset,
                       (types[:place - 1] || type) || types[place + 1:] AS types
                  FROM signature, generate_subscripts(types, 1) AS place, type
                 UNION ALL
                SELECT proname, result, proretset, types FROM signature) AS crossed
         WHERE current_setting('plant.which') = 'all'
            OR NOT EXISTS (SELECT FROM pg_proc p WHERE p.proname = crossed.proname
                              AND p.pronamespace = 'pg_catalog'::regnamespace
                              AND p.proargtypes::text = array_to_string(crossed.types::oid[], ' '))
         ORDER BY proname, types
    LOOP
        EXECUTE format($f$CREATE FUNCTION %I.%I(%s) RETURNS %s%s LANGUAGE plpgsql AS
            $b$BEGIN RAISE LOG 'planted %% for %%', %L, pg_catalog.current_setting('application_name');
             RETURN%s; END$b$$f$, current_setting('plant.schema'), s.proname,
            array_to_string(s.types, ', '), CASE WHEN s.proretset THEN 'SETOF ' ELSE '' END, s.result,
            format('%s(%s)', s.proname, array_to_string(s.types, ', ')),
            CASE WHEN s.proretset THEN '' ELSE ' NULL' END);
        made := made + 1;
    END LOOP;
    CREATE SCHEMA planted;
    CREATE TABLE planted.counts AS SELECT made AS functions, 0 AS operators;
END $plant$;
DO $plant$
DECLARE
    o record;
    made bigint := 0;
BEGIN
    FOR o IN
        SELECT DISTINCT name, a.type AS a, b.type AS b,
               CASE WHEN name IN ('||', '->', '->>') THEN 'text'::regtype
                    WHEN name IN ('+', '-', '*', '/', '<<', '|') THEN a.type ELSE 'bool' END AS result
          FROM unnest('{=,<>,<,>,<=,>=,||,+,-,*,/,<<,|,~,!~,~~,!~~,->,->>,@>,<@}'::text[]) AS name,
               type a, type b
         WHERE current_setting('plant.which') = 'all'
            OR NOT EXISTS (SELECT FROM pg_operator p WHERE p.oprname = name
                              AND p.oprleft = a.type AND p.oprright = b.type)
    LOOP
        IF to_regprocedure(format('planted.%I(%s,%s)', 'operator_' || o.result, o.a, o.b)) IS NULL THEN
            EXECUTE format($f$CREATE FUNCTION planted.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS
                $b$BEGIN RAISE LOG 'planted %% for %%', %L, pg_catalog.current_setting('application_name');
                 RETURN NULL; END$b$$f$, 'operator_' || o.result, o.a, o.b, o.result,
                format('operator on %s, %s', o.a, o.b));
        END IF;
        EXECUTE format('CREATE OPERATOR %I.%s (FUNCTION = planted.%I, LEFTARG = %s, RIGHTARG = %s)',
            current_setting('plant.schema'), o.name, 'operator_' || o.result, o.a, o.b);
        made := made + 1;
    END LOOP;
    UPDATE planted.counts SET operators = made;
END $plant$;
GRANT USAGE ON SCHEMA planted TO PUBLIC;
SQL
}

# What sessions of ours have called of it, by name, with how often: nothing is the right answer.
called() {
    grep -E 'LOG:  planted .* for sealift' "$1/server.log" | sed 's/.*planted //; s/ for .*//' | sort | uniq -c
}
