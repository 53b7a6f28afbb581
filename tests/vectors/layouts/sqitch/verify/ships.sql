BEGIN;
SELECT id, name FROM ship WHERE false;
ROLLBACK;
