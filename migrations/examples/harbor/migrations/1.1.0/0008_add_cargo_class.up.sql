-- Dangerous goods need their own berths. A constant default does not rewrite the table.

CREATE TYPE cargo_class AS ENUM ('none', 'general', 'dangerous');

ALTER TABLE booking ADD COLUMN cargo cargo_class NOT NULL DEFAULT 'none';
