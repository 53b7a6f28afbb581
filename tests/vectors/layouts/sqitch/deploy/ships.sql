-- Deploy harbor:ships to pg

BEGIN;

CREATE TABLE ship (id bigint PRIMARY KEY, name text DEFAULT 'a;b');

COMMIT;
