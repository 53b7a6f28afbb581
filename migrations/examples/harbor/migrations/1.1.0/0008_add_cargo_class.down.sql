ALTER TABLE booking DROP COLUMN cargo;
DROP TYPE cargo_class;
