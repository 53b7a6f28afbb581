-- sealift: ack fk-without-index  vessel types are a handful, and none is ever deleted
--
-- What a vessel is decides how many tugs it needs. The types come from a file beside this script;
-- it travels in the bundle like the script itself.

CREATE TABLE vessel_type (
    code       smallint PRIMARY KEY,
    name       text NOT NULL,
    needs_tugs smallint NOT NULL DEFAULT 0 CHECK (needs_tugs >= 0)
);

\copy vessel_type (code, name, needs_tugs) from 'vessel_types.csv' with (format csv, header)

ALTER TABLE vessel ADD COLUMN type_code smallint;

-- NOT VALID takes its locks for a moment only; the rows are read by VALIDATE, which lets others
-- write, once this migration is in.
ALTER TABLE vessel
    ADD CONSTRAINT vessel_type_code_fkey FOREIGN KEY (type_code) REFERENCES vessel_type NOT VALID;
