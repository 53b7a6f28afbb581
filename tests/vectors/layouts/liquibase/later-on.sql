--liquibase formatted sql
--changeset ann:1 endDelimiter:// stripComments:false
CREATE VIEW ships AS SELECT id FROM ship
//
COMMENT ON VIEW ships IS 'seen'
//
--rollback not required
--changeset ann:2
ALTER TABLE ship ADD COLUMN draught numeric(6,2);
--rollback ALTER TABLE ship DROP COLUMN draught;
