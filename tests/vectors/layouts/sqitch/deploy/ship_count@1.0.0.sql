BEGIN;
CREATE FUNCTION ship_count() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM ship; $$;
COMMIT;
