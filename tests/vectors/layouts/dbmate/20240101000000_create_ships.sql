-- ships and their berths; a comment before the first mark is no statement

--migrate:up
CREATE TABLE ship (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'a;b');
CREATE FUNCTION ship_count() RETURNS bigint LANGUAGE sql AS $body$
    -- migrate: a comment that is no mark
    SELECT count(*) FROM ship;
$body$;

-- migrate:down
DROP FUNCTION ship_count();
DROP TABLE ship;
