ALTER TABLE berth ADD COLUMN ship int REFERENCES ship (id);
