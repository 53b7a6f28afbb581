DROP INDEX ship_name;
CREATE UNIQUE INDEX ship_name ON ship (name);
