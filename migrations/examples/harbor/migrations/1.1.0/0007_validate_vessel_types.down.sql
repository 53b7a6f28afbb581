-- A constraint cannot be made unproven again: it is put back as it was before.
ALTER TABLE vessel DROP CONSTRAINT vessel_type_code_fkey;
ALTER TABLE vessel
    ADD CONSTRAINT vessel_type_code_fkey FOREIGN KEY (type_code) REFERENCES vessel_type NOT VALID;
