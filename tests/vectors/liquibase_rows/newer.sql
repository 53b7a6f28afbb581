
  -- LIQUIBASE   Formatted SQL
--changeset "Ann Lee":"with blanks" labels:"one, Two words" contextFilter:"test or demo"
SELECT 1;
/* liquibase rollback
DROP TABLE a;
*/
SELECT 2;
--changeset ann:ignored-not ignore:false contextFilter:test
SELECT 3;
--changeset ann:delimiters endDelimiter:// rollbackEndDelimiter:;
SELECT 4
//
--comment: 
--changeset ann:quoted-context context:"test"
SELECT 5;
