--liquibase formatted sql logicalFilePath:other/name.sql
--changeset ann:crlf

CREATE TABLE a (
	id int
);
--rollback DROP TABLE a;
--comment ends with CR LF 
SELECT 1;

--changeset ann:own-path logicalFilePath:own.sql
SELECT 2;
--changeset ann:trimmed
 SELECT3;

