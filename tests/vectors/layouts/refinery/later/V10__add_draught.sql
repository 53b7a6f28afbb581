ALTER TABLE ship ADD COLUMN draught numeric(4, 1)
