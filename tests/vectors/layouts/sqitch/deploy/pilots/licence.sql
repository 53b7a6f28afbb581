\set ON_ERROR_STOP on
\set schema public
\set label 'Ann''s ' licences
BEGIN;
CREATE TABLE :"schema".pilot_licence (id bigint PRIMARY KEY, label text DEFAULT :'label');
COMMIT;
