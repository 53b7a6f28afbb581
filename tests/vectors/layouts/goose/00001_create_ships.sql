-- +goose Up
CREATE TABLE ship (
    id bigint PRIMARY KEY,
    name text NOT NULL DEFAULT 'a;b'
);
-- +goose StatementBegin
CREATE FUNCTION ship_count() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM ship);
END;
$$
-- +goose StatementEnd
COMMENT ON TABLE ship IS 'every ship';

-- +goose Down
-- +goose StatementBegin
DROP FUNCTION ship_count()
-- +goose StatementEnd
DROP TABLE ship;
