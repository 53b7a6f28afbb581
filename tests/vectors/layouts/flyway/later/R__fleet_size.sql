CREATE OR REPLACE FUNCTION fleet_size() RETURNS bigint LANGUAGE sql STABLE
AS $$ SELECT count(*) FROM ship; $$;
