BEGIN;
DROP TABLE pilot_licence;
COMMIT;
