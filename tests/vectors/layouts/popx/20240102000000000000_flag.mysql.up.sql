ALTER TABLE ship ADD flag varbinary(7);
