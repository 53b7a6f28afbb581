--! Previous: sha1:aa9634eb1df89438c9994f1919a458c557218d93
--! Hash: sha1:9620cdbce7246915984c1d79fc94bec58345605e
--! Message: add_berths

-- slices and casts are no placeholders
ALTER TABLE ship DROP COLUMN IF EXISTS berths;
ALTER TABLE ship ADD COLUMN berths int[] DEFAULT ('{1,2,3}'::int[])[1:2];
COMMENT ON COLUMN ship.berths IS 'HH24:MI';
--! Included functions/ship_count.sql
CREATE OR REPLACE FUNCTION ship_count() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM ship); -- all; of them
END;
$$;
--! EndIncluded functions/ship_count.sql
