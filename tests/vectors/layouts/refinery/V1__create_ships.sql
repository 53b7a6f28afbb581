CREATE TABLE ship (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'a;b');
