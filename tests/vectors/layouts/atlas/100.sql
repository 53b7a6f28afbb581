-- create "ship" table
CREATE TABLE ship (
    id bigint PRIMARY KEY,
    name text NOT NULL DEFAULT 'a;b'
);
-- atlas:nolint CD101
ALTER TABLE ship ADD COLUMN berths int[] DEFAULT '{{1,2},{3,4}}';
