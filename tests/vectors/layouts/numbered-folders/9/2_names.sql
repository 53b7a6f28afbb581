ALTER TABLE ship ADD COLUMN name text;
