ALTER TABLE ship ADD flag bytes;
