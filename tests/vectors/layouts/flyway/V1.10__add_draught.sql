ALTER TABLE ship ADD COLUMN draught numeric(6,2);
