CREATE TABLE ship (id int PRIMARY KEY, name text NOT NULL);
