\set prefix harbor_
\ir ../columns.inc
CREATE TABLE ships (id bigint PRIMARY KEY, name text DEFAULT :'prefix');
