BEGIN;
CREATE TABLE pilot_licence (id bigint PRIMARY KEY);
COMMIT;
