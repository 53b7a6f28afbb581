-- Up Migration
CREATE TABLE ship (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'a;b');

-- Down Migration
DROP TABLE ship;
