-- atlas:delimiter -- end
-- atlas:txmode file

CREATE FUNCTION ship_count() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM ship);
END;
$$
-- end
COMMENT ON TABLE ship IS 'every ship'
-- end

CREATE VIEW ships AS SELECT id, name FROM ship
