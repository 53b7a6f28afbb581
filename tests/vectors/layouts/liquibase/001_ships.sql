--liquibase formatted sql

--changeset ann:create-ships
--comment: everything about ships
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = 'ship';
CREATE TABLE ship (
    id bigint PRIMARY KEY,
    name text NOT NULL DEFAULT 'a;b'
);
--rollback DROP TABLE
--rollback ship;

--changeset Bob B.:count-ships splitStatements:false stripComments:false dbms:postgresql,h2
CREATE FUNCTION ship_count() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN -- all of them
    RETURN (SELECT count(*) FROM ship);
END;
$$;
--rollback DROP FUNCTION ship_count();
COMMENT ON TABLE ship IS 'every; ship'

--changeset ann:2 dbms:mysql
CREATE TABLE ship (id bigint) ENGINE=InnoDB;
