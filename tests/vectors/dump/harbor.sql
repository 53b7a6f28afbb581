-- A database of rich objects, made by its owner without superuser rights; `pg_dump` of it is the
-- baseline that tests/integration/dump_baseline.bats takes for a migration.
CREATE EXTENSION hstore;
CREATE EXTENSION pg_trgm SCHEMA public;
CREATE SCHEMA port;
CREATE SCHEMA "Odd Schema";
COMMENT ON SCHEMA port IS 'berths; and ''quotes''';

CREATE TYPE port.state AS ENUM ('free', 'taken', 'it''s; closed');
CREATE TYPE port.place AS (latitude numeric, longitude numeric);
CREATE DOMAIN port.draught AS numeric(6, 2) DEFAULT 1 NOT NULL CHECK (VALUE > 0);
CREATE TYPE port.span AS RANGE (subtype = timestamptz);
CREATE COLLATION port.plain FROM "C";
CREATE SEQUENCE port.tickets INCREMENT BY 5 MAXVALUE 1000 CYCLE;

CREATE TABLE port.berth (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
    name text COLLATE port.plain NOT NULL UNIQUE,
    state port.state DEFAULT 'free' NOT NULL,
    place port.place,
    depth port.draught,
    tags hstore,
    ticket int DEFAULT nextval('port.tickets'),
    area numeric GENERATED ALWAYS AS (length(name) * 2) STORED,
    notes text DEFAULT E'line one\nline \\ two; $$',
    CONSTRAINT named CHECK (name <> ''),
    EXCLUDE USING btree (ticket WITH =)
);
ALTER TABLE port.berth ALTER COLUMN notes SET STATISTICS 200, ALTER COLUMN notes SET STORAGE EXTERNAL;
COMMENT ON COLUMN port.berth.notes IS 'a ; and a -- and a /* in it';

CREATE TABLE "Odd Schema"."Odd; Table" ("a ""quoted"" column" serial PRIMARY KEY, "select" text[]);
CREATE TABLE visit (
    id int NOT NULL,
    berth bigint REFERENCES port.berth ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    during port.span,
    day date NOT NULL,
    payload jsonb,
    raw bytea,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visit_rest PARTITION OF visit DEFAULT PARTITION BY LIST (id);
CREATE TABLE visit_rest_one PARTITION OF visit_rest FOR VALUES IN (1, 2, 3);
CREATE TABLE visit_rest_all PARTITION OF visit_rest DEFAULT;
CREATE INDEX visit_payload ON visit USING gin (payload jsonb_path_ops);
CREATE TABLE parent (a int, b text);
CREATE TABLE child (c int) INHERITS (parent);
CREATE UNLOGGED TABLE scratch (a int) WITH (fillfactor = 70);

CREATE INDEX berth_lower ON port.berth (lower(name) DESC NULLS LAST) INCLUDE (id) WHERE state <> 'free';
CREATE INDEX berth_trigrams ON port.berth USING gin (notes gin_trgm_ops);
CREATE UNIQUE INDEX berth_nulls ON port.berth (ticket) NULLS NOT DISTINCT;
CREATE STATISTICS port.berth_state (dependencies, mcv) ON name, state FROM port.berth;
ALTER TABLE port.berth CLUSTER ON berth_pkey;
ALTER TABLE parent REPLICA IDENTITY FULL;

CREATE FUNCTION port.add(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC SELECT a + b; END;
CREATE FUNCTION port.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = port AS $body$
BEGIN
    -- a comment; with a semicolon and a \. in it
    NEW.notes := coalesce(NEW.notes, '') || E'\n\\.' || $inner$ it's $inner$;
    RETURN NEW;
END
$body$;
CREATE PROCEDURE port.tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM port.berth WHERE false; COMMIT; END $$;
CREATE FUNCTION port.later() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM port.berth; SELECT ''x\y''';
CREATE AGGREGATE port.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE OPERATOR port.<+> (LEFTARG = int, RIGHTARG = int, FUNCTION = port.add, COMMUTATOR = OPERATOR(port.<+>));
CREATE CAST (port.place AS text) WITH INOUT AS ASSIGNMENT;
CREATE TRIGGER note BEFORE INSERT OR UPDATE OF name ON port.berth FOR EACH ROW
    WHEN (NEW.name IS NOT NULL) EXECUTE FUNCTION port.note();
ALTER TABLE port.berth DISABLE TRIGGER note;

CREATE VIEW port.free WITH (security_barrier) AS
    SELECT id, name FROM port.berth WHERE state = 'free' WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW port.counts AS SELECT state, count(*) AS n FROM port.berth GROUP BY state;
CREATE UNIQUE INDEX counts_state ON port.counts (state);
CREATE RULE quiet AS ON INSERT TO scratch WHERE NEW.a < 0 DO INSTEAD NOTHING;
ALTER TABLE port.berth ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON port.berth FOR SELECT TO PUBLIC USING (name <> 'it''s; hidden');
CREATE TEXT SEARCH DICTIONARY port.words (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION port.search (COPY = english);
ALTER TEXT SEARCH CONFIGURATION port.search ALTER MAPPING FOR asciiword WITH port.words;
CREATE PUBLICATION harbor FOR TABLE port.berth WHERE (id > 0);
GRANT SELECT, INSERT (name) ON port.berth TO PUBLIC;
REVOKE EXECUTE ON FUNCTION port.add FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA port GRANT SELECT ON TABLES TO PUBLIC;

INSERT INTO port.berth (name, state, place, depth, tags, notes) VALUES
    ('north; pier', 'taken', '(1.5,2)', 3, 'a=>1', E'tab\there\nand \\. and \\N'),
    (E'\\.', 'it''s; closed', NULL, 0.5, NULL, ''),
    (E'caf\u00e9 \u2603', 'free', NULL, 1, 'k=>"v;"', NULL),
    ('-- no comment', 'free', NULL, 2, NULL, '/* nor this'),
    ('\restrict me', 'free', NULL, 2, NULL, '$$');
INSERT INTO "Odd Schema"."Odd; Table" ("select") VALUES (ARRAY['a;b', NULL, E'\\', '"']), ('{}');
INSERT INTO visit VALUES (1, 100, '[2024-02-01,)', '2024-02-01', '{"a": "\\u00e9;"}', '\x00ff5c'), (7, NULL, 'empty', '2030-01-01', 'null', NULL);
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (2, '', 3), (NULL, NULL, NULL);
SELECT setval('port.tickets', 77, false);
REFRESH MATERIALIZED VIEW port.counts;
