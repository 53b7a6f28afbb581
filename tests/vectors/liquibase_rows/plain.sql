--liquibase formatted sql

--changeset ann:one
CREATE TABLE one (id int);
--changeset ann:comments
-- a comment of its own
--comment the first remark
CREATE TABLE two (id int); -- behind it
  --comment: with blanks before it, this is text
/* a block
   of comment */
--comment:   the last remark counts  
--validCheckSum: 8:0123456789abcdef0123456789abcdef
--validCheckSum 1:any
SELECT 'a  b	c' AS "x  y";
--changeset ann:no-split splitStatements:false
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1; -- one
END;
$$;
--changeset ann:keeps splitStatements:TRUE stripComments:false
SELECT 1;


SELECT 2;   
	
--changeset ann:delimiter endDelimiter:// stripComments:false
CREATE VIEW v AS SELECT 1
//
CREATE VIEW w AS SELECT 2
//
--changeset ann:both splitStatements:true rollbackSplitStatements:false
SELECT 3;
--rollback SELECT 4;
	 --  Rollback SELECT 5;
--rollbackish is text
--changeset ann:rollback-delimiter endDelimiter:// rollbackEndDelimiter:;
SELECT 6
//
--rollback SELECT 7;
--changeset Bob B.:name-with-blanks
SELECT 'äöü € 🚢 é';
--changeset ann :blank-before-colon
SELECT 8;
--changeset ann:conditions
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = 'nothing'
SELECT 9;
--changeset ann:context context:test
SELECT 10;
--changeset ann:contexts context:"test or (prod and !demo)" dbms:postgresql,h2
SELECT 11;
--changeset ann:list context:test,prod
SELECT 12;
--changeset ann:labels labels:One,two,ONE,three
SELECT 13;
--changeset ann:logical logicalFilePath:db/changes/logical.sql
SELECT 14;
--changeset ann:long-remark
--comment äöü 4567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890
SELECT 15;
--changeset ann:exact-remark
--comment 1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890
SELECT 16;
--changeset ann:quotes'and\backslash
--comment it's a \ remark
SELECT 'it''s' AS "\";
--changeset ann:twice splitStatements:false splitStatements:true
SELECT 17;
--changeset ann:slash
SELECT 18
/
