--! Previous: -
--! Hash: sha1:01adb3b61cb2397d531f035d656d4675eadc3407
--! Message: Create ships: all of them

DROP TABLE IF EXISTS ship;
CREATE TABLE ship (
    id bigint PRIMARY KEY,
    name text NOT NULL DEFAULT 'a;b',
    seen time NOT NULL DEFAULT '12:30:00'::TIME
);

--! Included functions/ship_count.sql
CREATE OR REPLACE FUNCTION ship_count() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM ship); -- all; of them
END;
$$;
--! EndIncluded functions/ship_count.sql
