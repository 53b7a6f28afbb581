ALTER TABLE vessel VALIDATE CONSTRAINT vessel_type_code_fkey;
