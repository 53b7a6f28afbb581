ALTER TABLE vessel DROP COLUMN type_code;
DROP TABLE vessel_type;
