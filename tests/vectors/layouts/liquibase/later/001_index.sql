--liquibase formatted sql logicalFilePath:db/changes/index_ships.sql
-- ChangeSet ann:create-ships runInTransaction:false
--validCheckSum: 8:0123456789abcdef0123456789abcdef
CREATE INDEX CONCURRENTLY ship_name ON ship (name);
--rollback DROP INDEX CONCURRENTLY ship_name;
