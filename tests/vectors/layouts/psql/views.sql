CREATE VIEW ship_names AS SELECT name FROM ships;
