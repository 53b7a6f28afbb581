ALTER TABLE ship DROP flag;
