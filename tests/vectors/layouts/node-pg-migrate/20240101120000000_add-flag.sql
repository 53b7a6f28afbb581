ALTER TABLE ship ADD COLUMN flag char(2)
